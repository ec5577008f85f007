import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestOffice, type TestOffice } from '../../test/public-office.ts'
import { TODAY } from '../../test/rows.ts'
import { civilDate, instantOf } from '../lib/civil-date.ts'

let office: TestOffice

beforeAll(async () => {
  office = await openTestOffice()
})

afterAll(async () => {
  await office[Symbol.asyncDispose]()
})

describe('the calendar file', () => {
  it('has the last filing day and the end of the permit', async () => {
    const { token, reference } = await office.rows.tell({ language: 'en' })
    const response = await office.get(`/n/${token}.ics`)
    expect(response.headers.get('content-type')).toBe('text/calendar; charset=utf-8')
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${reference}.ics"`)
    const text = await response.text()
    expect(text.match(/DTSTART;VALUE=DATE:\d+/g)).toEqual([
      'DTSTART;VALUE=DATE:20261204',
      'DTSTART;VALUE=DATE:20261206',
    ])
  })

  it('names no filing day for a permit that cannot be extended', async () => {
    const { token } = await office.rows.tell({ kind: 'F' })
    const text = await (await office.get(`/n/${token}.ics`)).text()
    expect(text.match(/DTSTART;VALUE=DATE:\d+/g)).toEqual(['DTSTART;VALUE=DATE:20261206'])
  })
})

describe('a link that has ended', () => {
  it('lives to 30 days after the permit, then says where to call', async () => {
    const { token } = await office.rows.tell({ language: 'en' })
    await on(civilDate('2027-01-05'), async () => expect((await office.get(`/n/${token}`)).status).toBe(200))
    await on(civilDate('2027-01-06'), async () => {
      for (const path of ['', '.ics']) {
        const response = await office.get(`/n/${token}${path}`)
        expect(response.status).toBe(410)
        expect(await response.text()).toContain('(0342) 554759')
      }
      expect((await send(`/n/${token}/ack`, { answer: 'help' })).status).toBe(410)
    })
  })

  it('ends as soon as a newer permit or date is known', async () => {
    const { token, residentId } = await office.rows.tell()
    await office.db.write(async (tx) => {
      const { permits } = tx.t
      await tx.update(permits).set({ is_current: 0 }).where(eq(permits.resident_id, residentId))
    })
    expect((await office.get(`/n/${token}`)).status).toBe(410)
  })

  it('after expiry does not tell who is held that the permit has ended', async () => {
    const { token, residentId } = await office.rows.tell()
    await office.db.write(async (tx) => {
      await tx.insert(tx.t.holds).values({ resident_id: residentId, reason: 'applied', set_by: 'sari', set_at: 1 })
    })
    expect((await office.get(`/n/${token}`)).status).toBe(200)
    await on(civilDate('2026-12-07'), async () => expect((await office.get(`/n/${token}`)).status).toBe(410))
  })
})

describe('a link that was never ours', () => {
  it.each(['/n/aaaaaaaaaaaaaaaaaaaaaa', '/n/x', '/n/aaaaaaaaaaaaaaaaaaaaaa.ics', '/nowhere'])(
    'is not found, and says where to call: %s',
    async (path) => {
      const response = await office.get(path)
      expect(response.status).toBe(404)
      expect(await response.text()).toContain('(0342) 554759')
    },
  )

  it.each(['ack', 'language'])('takes no %s', async (word) => {
    expect((await send(`/n/aaaaaaaaaaaaaaaaaaaaaa/${word}`, { answer: 'help', lang: 'en' })).status).toBe(404)
  })
})

function send(path: string, fields: Record<string, string>): Promise<Response> {
  return office.get(path, { method: 'POST', body: new URLSearchParams(fields) })
}

async function on(date: ReturnType<typeof civilDate>, work: () => Promise<void>): Promise<void> {
  office.clock.set(instantOf(date, '08:30', 'Asia/Jakarta'))
  try {
    await work()
  } finally {
    office.clock.set(instantOf(TODAY, '08:30', 'Asia/Jakarta'))
  }
}
