import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { openTestDb } from '../db/testing.ts'
import { beginWaiting, giveWay } from './give-way.ts'

describe('work beside the pages', () => {
  it('lets whoever waits for an answer go first', async () => {
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
    expect(went).toBe(true)
  })

  it('goes on all the same where somebody always waits', async () => {
    await using db = await openTestDb()
    beginWaiting(db)
    await giveWay(db, 1)
  })
})
