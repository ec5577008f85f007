import { createServer } from 'node:net'

const FIRST = 10_000
/** Below the range from which the system takes the ports of outgoing connections: none of those can come in between. */
const LAST = 32_000

/** Each process begins elsewhere, or those that start together would all be given the same port. */
let next = FIRST + ((process.pid * 331) % (LAST - FIRST))

/**
 * A port of this machine that nobody listens on, for a listener whose address must be known before it is opened. No port is
 * given twice by one process.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = next
    next = next >= LAST ? FIRST : next + 1
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
