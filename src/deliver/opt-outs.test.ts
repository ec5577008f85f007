import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Db } from '../db/open.ts'
import { openTestDb } from '../db/testing.ts'
import { optedOut, optIn, optOut } from './opt-outs.ts'

let db: Db

beforeAll(async () => {
  db = await openTestDb()
})

afterAll(async () => {
  await db[Symbol.asyncDispose]()
})

describe('opting out', () => {
  it('ends one channel for one number and no other', async () => {
    expect(await optOut(db, { phoneIndex: 'a', channel: 'whatsapp', via: 'whatsapp', at: 10 })).toBe(true)
    expect(await optOut(db, { phoneIndex: 'a', channel: 'whatsapp', via: 'carrier', at: 11 })).toBe(false)
    await optOut(db, { phoneIndex: 'b', channel: 'sms', via: 'counter', at: 10 })
    const ended = await optedOut(db.read, ['a', 'b', 'c'])
    expect([...ended].map(([index, channels]) => [index, [...channels]])).toEqual([
      ['a', ['whatsapp']],
      ['b', ['sms']],
    ])
  })

  it('is withdrawn by coming back, and a late repeat of the old message does not undo that', async () => {
    const number = { phoneIndex: 'back', channel: 'whatsapp' } as const
    await optOut(db, { ...number, via: 'whatsapp', at: 10 })
    expect(await optIn(db, { ...number, at: 20 })).toBe(true)
    expect(await optOut(db, { ...number, via: 'whatsapp', at: 10 })).toBe(false)
    expect((await optedOut(db.read, ['back'])).size).toBe(0)
    expect(await optOut(db, { ...number, via: 'whatsapp', at: 30 })).toBe(true)
    expect(await optIn(db, { ...number, at: 20 })).toBe(false)
    expect((await optedOut(db.read, ['back'])).get('back')).toEqual(new Set(['whatsapp']))
  })

  it('can be asked about more numbers than one statement holds', async () => {
    const numbers = Array.from({ length: 1_200 }, (_, at) => `n${at}`)
    await optOut(db, { phoneIndex: 'n1199', channel: 'call', via: 'key', at: 1 })
    expect([...(await optedOut(db.read, numbers)).keys()]).toEqual(['n1199'])
  })
})
