import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openSqlite } from './open.ts'
import { newKeyFile, openVault } from './seal.ts'

it('lets timers and sockets have their turn between one write and the next', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-turn-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const db = stack.use(await openSqlite({ file: join(folder, 't.db'), vault: openVault(newKeyFile('test'), 'test') }))
  let turns = 0
  const count = () => {
    turns += 1
    watch = setImmediate(count)
  }
  let watch = setImmediate(count)
  stack.defer(() => clearImmediate(watch))
  for (let n = 0; n < 20; n++) {
    await db.write((tx) => tx.insert(tx.t.meta).values({ key: `k${n}`, value: 'v' }))
  }
  expect(turns).toBeGreaterThan(10)
})
