import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { freePort } from './free-port.ts'

it('gives many at once that are all different, below those of outgoing connections, and can all be listened on', async () => {
  const ports = await Promise.all(Array.from({ length: 40 }, freePort))
  expect(new Set(ports).size).toBe(40)
  expect(Math.max(...ports)).toBeLessThan(32_768)
  const servers = ports.map((port) => createServer().listen(port, '127.0.0.1'))
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))))
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
})

it('passes over a port that somebody listens on', async () => {
  const taken = await freePort()
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(taken + 1, '127.0.0.1', resolve))
  expect(await freePort()).not.toBe(taken + 1)
  await new Promise((resolve) => server.close(resolve))
})
