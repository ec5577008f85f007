import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openGround, STARTS_AT } from '../scripts/chaos/ground.ts'
import { residentRows } from '../scripts/chaos/people.ts'
import { verdictOn } from '../scripts/chaos/verdict.ts'
import { finish } from '../scripts/drills/finish.ts'
import { killedInTheMiddle } from '../scripts/drills/killed.ts'
import { openVault } from '../src/db/seal.ts'
import { silentLog } from '../src/lib/events.ts'
import { makeBackup } from '../src/ops/backup/backup.ts'
import { restoreBackup } from '../src/ops/backup/restore.ts'
import { keysIn } from './ground.ts'

const HOUR_MS = 3_600_000
const passphrase = 'a passphrase for the drill'

describe('the restore drill', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tenggat-restore-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it.each([
    ['on the same machine', 100, () => undefined],
    ['on a new one, which knows nothing', 30, () => rmSync(join(folder, 'reach.json'))],
  ])(
    'backed up under load, killed, lost, restored %s: everybody told once',
    async (_where, residents, onTheWay) => {
      const rows = residentRows(residents)
      const databaseFile = join(folder, 'tenggat.db')
      const file = join(folder, 'drill.backup')
      await killedInTheMiddle({
        folder,
        rows,
        seed: 7,
        messages: residents * 0.7,
        calls: 5,
        perSecond: 60,
        later: residents / 4,
        async meanwhile(ground, importRest) {
          await using app = await openGround(ground, { clock: { now: () => STARTS_AT }, log: silentLog })
          const { db, office, clock, log } = app
          await makeBackup({ databaseFile, dataDir: folder, vault: db.vault, office, passphrase, clock, log }, { file })
          await importRest()
        },
      })
      for (const end of ['', '-wal', '-shm']) rmSync(`${databaseFile}${end}`, { force: true })
      onTheWay()
      const vault = openVault(keysIn(folder), 'drill')
      const clock = { now: () => STARTS_AT + HOUR_MS }
      await restoreBackup(
        { databaseFile, dataDir: folder, vault, office: { code: 'BLT' }, passphrase, clock },
        { file },
      )

      const { found } = await finish(folder, { rows, seed: 7, again: true })
      expect(found).toBeGreaterThan(residents / 10)
      expect(await verdictOn(folder)).toMatchObject({ told_twice: 0, never_told: 0, wrongly_marked: 0 })
    },
    60_000,
  )
})
