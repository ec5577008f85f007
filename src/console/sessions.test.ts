import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Db } from '../db/open.ts'
import { openTestDb } from '../db/testing.ts'
import type { SignInPolicy } from '../lib/office.ts'
import { loadOffices } from '../lib/offices.ts'
import { isLocked, lockedUntil } from './accounts.ts'
import { beginSession, sessionOf } from './sessions.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const NINE = Date.UTC(2026, 5, 2, 2)
const policy: SignInPolicy = { idleMs: 30 * MINUTE, absoluteMs: 10 * HOUR, secondFactor: [] }

const offices = await loadOffices(join(import.meta.dirname, '../../templates/office.yaml'))

describe('a session, when the clock is set', () => {
  let db: Db
  let token: string

  beforeAll(async () => {
    db = await openTestDb()
    await db.write((tx) =>
      tx
        .insert(tx.t.officers)
        .values({ name: 'sari', role: 'officer', language: 'id', password_hash: 'x', created_at: NINE }),
    )
  })
  afterAll(() => db[Symbol.asyncDispose]())
  beforeEach(async () => {
    const [account] = await db.read.select().from(db.t.officers)
    token = await db.write((tx) => beginSession(tx, { account: account!, codeAt: null, now: NINE, policy }))
  })

  const lives = async (now: number) => (await sessionOf(db, { token, now, policy, offices })) !== null

  it('lives on when it is set back a little', async () => {
    expect(await lives(NINE - 5 * MINUTE)).toBe(true)
    expect(await lives(NINE - 5 * MINUTE + 29 * MINUTE)).toBe(true)
  })

  it('and from then on is left alone no longer than ever', async () => {
    expect(await lives(NINE - 20 * MINUTE)).toBe(true)
    expect(await lives(NINE + 10 * MINUTE)).toBe(false)
  })

  it.each([HOUR, DAY])('ends when it is set back %d ms: nobody can tell how long it was left alone', async (back) => {
    expect(await lives(NINE - back)).toBe(false)
  })

  it.each([HOUR, DAY])('ends when it is set on %d ms', async (on) => {
    expect(await lives(NINE + on)).toBe(false)
  })
})

describe('a lock after wrong passwords', () => {
  it('is over when it lies further ahead than any lock lasts: the clock was set back', () => {
    const locked_until = lockedUntil(100, NINE)!
    expect(isLocked({ locked_until }, NINE)).toBe(true)
    expect(isLocked({ locked_until }, NINE + 15 * MINUTE)).toBe(false)
    expect(isLocked({ locked_until }, NINE - DAY)).toBe(false)
  })
})
