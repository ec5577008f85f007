import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { residentRows } from '../scripts/chaos/people.ts'
import { seeded } from '../scripts/chaos/weather.ts'
import { killedInTheMiddle } from '../scripts/drills/killed.ts'
import { cutWal, liveBytes } from '../scripts/drills/wal-cut.ts'

/** `node scripts/drills/wal-cut.ts` does fifty. */
const CUTS = 3
const SEED = 3

describe('a power cut that the disk had not prepared for', () => {
  const rows = residentRows(14)
  const random = seeded(SEED)
  let base: string
  let dead: string

  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), 'tenggat-cut-'))
    dead = join(base, 'dead')
    mkdirSync(dead)
    await killedInTheMiddle({ folder: dead, rows, seed: SEED, messages: 8, calls: 4 })
  })
  afterAll(() => rmSync(base, { recursive: true, force: true }))

  it('loses the end of the log, wherever that is, and nobody is told twice or never', async () => {
    const size = liveBytes(join(dead, 'tenggat.db-wal'))
    const found: number[] = []
    for (let cut = 0; cut < CUTS; cut++) {
      const at = Math.floor(((cut + random()) / CUTS) * size)
      const result = await cutWal(dead, join(base, `cut-${cut}`), { at, rows, seed: SEED })
      expect(result, `cut at byte ${at} of ${size}`).toMatchObject({
        integrity: 'ok',
        told_twice: 0,
        never_told: 0,
        wrongly_marked: 0,
      })
      found.push(result.found)
    }
    expect(found[0]).toBeGreaterThan(0)
  }, 60_000)
})
