import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestOffice, type TestOffice } from '../../test/public-office.ts'
import { sendRaw } from '../../test/raw-http.ts'

const DAY = 86_400_000
let office: TestOffice

beforeAll(async () => {
  office = await openTestOffice()
})
afterAll(() => office[Symbol.asyncDispose]())

describe('whoever guesses links', () => {
  it('gets the same answer for what is malformed, unknown, cut, or of another kind', async () => {
    const { token } = await office.rows.tell()
    const guesses = [
      'x',
      'a'.repeat(21),
      'a'.repeat(22),
      'a'.repeat(23),
      token.slice(0, -1),
      `${token}a`,
      token.toUpperCase(),
      'a%20b',
      '\u{1f338}',
    ]
    const answers = await Promise.all(
      guesses.flatMap((guess) =>
        [`/n/${guess}`, `/n/${guess}.ics`, `/audio/${guess}.mp3`].map(async (path) => {
          const response = await office.get(encodeURI(path).replaceAll('%25', '%'))
          const headers = [...response.headers].filter(([name]) => !/^(date|x-ratelimit-.*)$/.test(name))
          return JSON.stringify([response.status, headers, await response.text()])
        }),
      ),
    )
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toMatch(/^\[404,/)
  })

  it('is slowed down, and answers to forms count', async () => {
    await using hurried = await openTestOffice({ requestsPerMinute: 3 })
    const statuses: number[] = []
    for (const path of ['/n/x', '/n/y/ack', '/n/z/language', '/n/x.ics', '/n/y/ack']) {
      const init = /ack|language/.test(path) ? { method: 'POST', body: new URLSearchParams({ answer: 'help' }) } : {}
      statuses.push((await hurried.get(path, init)).status)
    }
    expect(statuses).toEqual([404, 404, 404, 429, 429])
  })

  it('does not pass as the carrier by the path alone', async () => {
    await using hurried = await openTestOffice({ requestsPerMinute: 1 })
    for (const [target, status] of [
      ['/n/x', 404],
      ['/twilio/../n/x', 404],
      ['http://x/twilio/../n/x', 429],
      ['/n/x?/twilio/', 429],
    ] as const) {
      const [answer] = await sendRaw(
        hurried.listener.url,
        `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      )
      expect([target, answer!.status]).toEqual([target, status])
    }
  })
})

describe('a webhook that comes again', () => {
  it('whether at once or after months, is answered and changes nothing', async () => {
    const { token, deliveryId } = await office.rows.tell({ phone: '+6281355500001' })
    await office.db.write(async (tx) => {
      const { attempts } = tx.t
      const row = {
        delivery_id: deliveryId,
        number: 1,
        channel: 'sms' as const,
        worker: 'w',
        started_at: office.clock.now(),
      }
      await tx.insert(attempts).values({ ...row, outcome: 'accepted', sid: 'SM77' })
    })
    const from = { From: '+6281355500001', To: '+62342' }
    const hooks: [string, Record<string, string>, number][] = [
      ['/twilio/status?attempt=1', { MessageSid: 'SM77', MessageStatus: 'delivered', ErrorCode: '' }, 204],
      ['/twilio/status', { CallSid: 'CA77', CallStatus: 'completed' }, 204],
      ['/twilio/message', { MessageSid: 'SM78', Body: 'STOP', ...from }, 200],
      ['/twilio/message', { MessageSid: 'SM79', Body: 'halo', ...from }, 200],
      ['/twilio/call/1', { CallSid: 'CA78', AnsweredBy: 'human' }, 200],
      ['/twilio/call/1/key', { CallSid: 'CA78', Digits: '1' }, 200],
      ['/twilio/call/1/end?heard=1', { CallSid: 'CA78' }, 200],
      ['/twilio/call/inbound', { CallSid: 'CA79', ...from }, 200],
    ]
    const all = async () => {
      const statuses: number[] = []
      for (const [path, form] of hooks) statuses.push((await office.post(path, form)).status)
      return statuses
    }
    expect(await all()).toEqual(hooks.map(([, , status]) => status))
    const before = await everything()
    expect(await all()).toEqual(hooks.map(([, , status]) => status))
    office.clock.advance(90 * DAY)
    expect(await all()).toEqual(hooks.map(([, , status]) => status))
    office.clock.advance(-90 * DAY)
    expect(await everything()).toEqual(before)
    expect((await office.get(`/n/${token}`)).status).toBe(200)
  })

  it('is judged by the first of a field that stands in it twice, and by the signature over both', async () => {
    const { default: twilio } = await import('twilio/lib/webhooks/webhooks.js')
    const { twilioAuthToken, accountSid, publicBaseUrl } = office.deps
    const fields = { AccountSid: accountSid, MessageSid: 'SM90', MessageStatus: ['delivered', 'failed'] }
    const signature = twilio.getExpectedTwilioSignature(twilioAuthToken, `${publicBaseUrl}/twilio/status`, fields)
    const send = (body: string) =>
      office.get('/twilio/status', {
        method: 'POST',
        body,
        headers: { 'x-twilio-signature': signature, 'content-type': 'application/x-www-form-urlencoded' },
      })
    const start = `AccountSid=${accountSid}&MessageSid=SM90`
    expect((await send(`${start}&MessageStatus=delivered`)).status).toBe(403)
    expect((await send(`${start}&MessageStatus=delivered&MessageStatus=failed&__proto__=x`)).status).toBe(403)
    expect((await send(`${start}&MessageStatus=delivered&MessageStatus=failed`)).status).toBe(204)
    const { receipts } = office.db.t
    const rows = await office.db.read.select({ sid: receipts.sid, status: receipts.status }).from(receipts)
    expect(rows.filter(({ sid }) => sid === 'SM90')).toEqual([{ sid: 'SM90', status: 'delivered' }])
  })

  it('may hold a NUL, which no database refuses', async () => {
    expect((await office.post('/twilio/status', { MessageSid: 'SM\0', MessageStatus: 'sent\0' })).status).toBe(204)
    expect((await office.post('/twilio/message', { MessageSid: 'SM91', From: '+62\0', Body: 'a\0b' })).status).toBe(200)
  })
})

describe('the note page', () => {
  it('is not answered by looking, however it is looked at', async () => {
    const { token } = await office.rows.tell()
    const before = await everything()
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']) {
      for (const path of ['', '/ack?answer=help', '/language?lang=en', '?answer=help', '.ics']) {
        await office.get(`/n/${token}${path}`, { method })
      }
    }
    expect(await everything()).toEqual(before)
  })

  it('leads nowhere else, whatever its address and form say', async () => {
    const { token } = await office.rows.tell()
    for (const lang of ['//evil.example', 'id\r\nX-Injected: yes', 'https://evil.example']) {
      const body = new URLSearchParams({ answer: 'understood', lang, next: lang, redirect: lang })
      const response = await office.get(`/n/${token}/ack`, { method: 'POST', body })
      expect([response.status, response.headers.get('location')]).toEqual([303, `/n/${token}?done=understood`])
      expect(response.headers.get('x-injected')).toBeNull()
    }
  })
})

async function everything() {
  const { receipts, acknowledgements, opt_outs, deliveries, residents } = office.db.t
  const { read } = office.db
  return [
    await read.select().from(receipts).orderBy(receipts.id),
    await read.select().from(acknowledgements).orderBy(acknowledgements.id),
    await read.select().from(opt_outs).orderBy(opt_outs.id),
    await read.select().from(deliveries).orderBy(deliveries.id),
    await read.select().from(residents).orderBy(residents.id),
    office.inbound.length,
  ]
}
