import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openStage } from '../scripts/drills/stage.ts'

const RESIDENTS = 40

describe('an error that nobody caught', () => {
  it('ends the daemon with 1 and without a word of the error; started again it has told each phone once', async () => {
    using stack = new DisposableStack()
    const folder = mkdtempSync(join(tmpdir(), 'tenggat-crash-'))
    stack.defer(() => rmSync(folder, { recursive: true }))
    await using stage = await openStage({ folder, residents: RESIDENTS, seed: 1, perSecond: 8 })
    const first = stage.start()
    await stage.untilMessages(first, RESIDENTS * 0.2)
    expect(await first.fail('+6281200000001')).toBe(1)
    expect(first.errors()).toBe('internal error, the program ends: Error\n')
    expect(first.errors() + JSON.stringify(first.log)).not.toContain('+6281200000001')

    const second = stage.start()
    await stage.untilThrough(second)
    expect(await second.stop()).toBe(0)
    expect(await stage.judge()).toMatchObject({ told_twice: 0, never_told: 0, wrongly_marked: 0 })
  }, 120_000)
})
