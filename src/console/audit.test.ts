import { type SQL, sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Db } from '../db/open.ts'
import { newKeyFile, openVault } from '../db/seal.ts'
import { openTestDb } from '../db/testing.ts'
import { auditHead, recordAudit, verifyAudit } from './audit.ts'

const vault = openVault(newKeyFile('k1'), 'test')

describe('the audit chain', () => {
  let db: Db

  beforeEach(async () => {
    db = await openTestDb({ vault })
  })
  afterEach(async () => {
    await db[Symbol.asyncDispose]()
  })

  const add = (n: number) => addTo(db, n)
  const three = async () => {
    for (const n of [1, 2, 3]) await add(n)
  }
  const tamper = (statement: SQL) => db.write((tx) => tx.run(statement))

  it('is whole when nothing was written, and after', async () => {
    expect(await verifyAudit(db.read)).toMatchObject({ ok: true, entries: 0 })
    await three()
    expect(await verifyAudit(db.read)).toEqual({ ok: true, entries: 3, head: await auditHead(db.read) })
  })

  it('is walked from near its end for a quick look, which sees what was changed there and not before', async () => {
    for (let n = 1; n <= 5; n++) await add(n)
    expect(await verifyAudit(db.read, { last: 2 })).toMatchObject({ ok: true, entries: 2 })
    await tamper(sql`update audit set action = 'other' where subject_id = 1`)
    expect(await verifyAudit(db.read, { last: 2 })).toMatchObject({ ok: true, entries: 2 })
    expect(await verifyAudit(db.read, { last: 9 })).toMatchObject({ ok: false, brokenAt: 1 })
    await tamper(sql`update audit set action = 'other' where subject_id = 5`)
    expect(await verifyAudit(db.read, { last: 2 })).toMatchObject({ ok: false, brokenAt: 5 })
  })

  it('is one line even when many write at once', async () => {
    await Promise.all(Array.from({ length: 30 }, (_, n) => add(n)))
    expect(await verifyAudit(db.read)).toMatchObject({ ok: true, entries: 30 })
  })

  it('holds nothing of what was rolled back', async () => {
    await add(1)
    const failing = db.write(async (tx) => {
      await recordAudit(tx, { officerId: 2, now: 2, action: 'case.close' })
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    await add(3)
    expect(await verifyAudit(db.read)).toMatchObject({ ok: true, entries: 2 })
  })

  it.each(['at', 'officer_id', 'subject_id'])('tells that %s was changed', async (column) => {
    await three()
    await tamper(sql`update audit set ${sql.identifier(column)} = 99 where subject_id = 2`)
    expect(await verifyAudit(db.read)).toEqual({ ok: false, entries: 1, brokenAt: 2 })
  })

  it.each(['action', 'subject_kind', 'detail'])('tells that %s was changed', async (column) => {
    await three()
    await tamper(sql`update audit set ${sql.identifier(column)} = 'other' where subject_id = 2`)
    expect(await verifyAudit(db.read)).toEqual({ ok: false, entries: 1, brokenAt: 2 })
  })

  it('tells that an entry is missing in the middle', async () => {
    await three()
    await tamper(sql`delete from audit where subject_id = 2`)
    expect(await verifyAudit(db.read)).toEqual({ ok: false, entries: 1, brokenAt: 3 })
  })

  it('tells that the newest are missing', async () => {
    await three()
    await tamper(sql`delete from audit where subject_id > 1`)
    expect(await verifyAudit(db.read)).toEqual({ ok: false, entries: 1, brokenAt: null })
  })

  it('has another head when all of it was written anew', async () => {
    await three()
    const kept = await auditHead(db.read)
    await tamper(sql`delete from audit`)
    await tamper(sql`delete from meta where key = 'audit_head'`)
    for (const n of [1, 3]) await add(n)
    expect(await verifyAudit(db.read)).toMatchObject({ ok: true })
    expect(await verifyAudit(db.read, { kept })).toEqual({ ok: false, entries: 2, brokenAt: null, rewritten: true })
  })

  it('still holds an older head that was kept', async () => {
    await add(1)
    const kept = await auditHead(db.read)
    await add(2)
    expect(await verifyAudit(db.read, { kept })).toMatchObject({ ok: true, entries: 2 })
  })
})

describe('the audit chain in a crowd', () => {
  it('is one line when many write at once, and tells what was changed', async () => {
    await using db = await openTestDb({ vault })
    await Promise.all(Array.from({ length: 10 }, (_, n) => addTo(db, n)))
    expect(await verifyAudit(db.read)).toEqual({ ok: true, entries: 10, head: await auditHead(db.read) })
    await db.write((tx) => tx.run(sql`update audit set subject_id = 99 where id = 4`))
    expect(await verifyAudit(db.read)).toEqual({ ok: false, entries: 3, brokenAt: 4 })
  })
})

function addTo(db: Db, n: number) {
  const subject = { kind: 'case', id: n }
  return db.write((tx) =>
    recordAudit(tx, { officerId: n, now: 1_000 + n, action: 'case.view', subject, detail: `n${n}` }),
  )
}
