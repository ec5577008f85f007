import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { openTestDb } from '../db/testing.ts'
import { beginWaiting, giveWay } from './give-way.ts'

describe('work beside the pages', () => {
  it('goes on at once while nobody waits', async () => {
    await using db = await openTestDb()
    const begun = performance.now()
    for (let step = 0; step < 50; step += 1) await giveWay(db)
    expect(performance.now() - begun).toBeLessThan(50 * 20)
  })

  it('lets whoever waits for an answer go first, though not for ever', async () => {
    await using db = await openTestDb()
    const answered = beginWaiting(db)
    let went = false
    const step = giveWay(db).then(() => {
      went = true
    })
    await nextTurn()
    await nextTurn()
    expect(went).toBe(false)
    answered()
    await step

    const begun = performance.now()
    beginWaiting(db)
    await giveWay(db)
    expect(performance.now() - begun).toBeGreaterThanOrEqual(499)
  })
})
