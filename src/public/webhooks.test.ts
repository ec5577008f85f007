import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestOffice, PUBLIC_BASE_URL, type TestOffice } from '../../test/public-office.ts'

let office: TestOffice

beforeAll(async () => {
  office = await openTestOffice()
})

afterAll(async () => {
  await office[Symbol.asyncDispose]()
})

const DELIVERED = { MessageSid: 'SM1', MessageStatus: 'delivered', To: '+628123456789' }

describe('a webhook', () => {
  const paths = [
    '/twilio/status?attempt=1',
    '/twilio/message',
    '/twilio/call/1',
    '/twilio/call/1/key',
    '/twilio/call/1/end?heard=1',
    '/twilio/call/inbound',
  ]
  const form = {
    ...DELIVERED,
    CallSid: 'CA1',
    CallStatus: 'completed',
    Digits: '1',
    From: '+628123456789',
    Body: 'STOP',
  }

  it.each(paths)('without the right signature changes nothing: %s', async (path) => {
    const before = await countEverything()
    for (const signature of [null, '', 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=', 'not base64 at all']) {
      const response = await office.post(path, form, { signature })
      expect(response.status).toBe(403)
      expect(await response.text()).toBe('forbidden\n')
    }
    expect(await countEverything()).toEqual(before)
  })

  it('is believed by the configured address, whatever Host and the proxy say', async () => {
    const response = await office.post(
      '/twilio/status?attempt=7',
      { ...DELIVERED, MessageSid: 'SMproxy' },
      { host: 'evil.example' },
    )
    expect(response.status).toBe(204)
    expect(await receiptsOf('SMproxy')).toMatchObject([{ kind: 'message', status: 'delivered', attempt_id: 7 }])
  })

  it('is not believed when its query or a field was changed on the way', async () => {
    const { default: twilio } = await import('twilio/lib/webhooks/webhooks.js')
    const fields = { AccountSid: office.deps.accountSid, ...DELIVERED }
    const signature = twilio.getExpectedTwilioSignature(
      office.deps.twilioAuthToken,
      `${PUBLIC_BASE_URL}/twilio/status?attempt=1`,
      fields,
    )
    expect((await office.post('/twilio/status?attempt=2', DELIVERED, { signature })).status).toBe(403)
    expect(
      (await office.post('/twilio/status?attempt=1', { ...DELIVERED, MessageStatus: 'read' }, { signature })).status,
    ).toBe(403)
    expect((await office.post('/twilio/status?attempt=1', DELIVERED, { signature })).status).toBe(204)
  })

  it('of another account is refused though its token is ours', async () => {
    expect(
      (await office.post('/twilio/status', { ...DELIVERED, AccountSid: 'AC0000000000000000000000000000000f' })).status,
    ).toBe(403)
  })

  it('is refused altogether as long as no token is configured', async () => {
    await using tokenless = await openTestOffice({ twilioAuthToken: '' })
    const { default: twilio } = await import('twilio/lib/webhooks/webhooks.js')
    const fields = { AccountSid: tokenless.deps.accountSid, ...DELIVERED }
    const signature = twilio.getExpectedTwilioSignature('', `${PUBLIC_BASE_URL}/twilio/status`, fields)
    expect((await tokenless.post('/twilio/status', DELIVERED, { signature })).status).toBe(403)
  })

  it('that is forged is counted', async () => {
    const { forged } = office.listener.counts
    await office.post('/twilio/message', { From: '+62' }, { signature: null })
    expect(office.listener.counts.forged).toBe(forged + 1)
  })

  it('with a body beyond the limit or of another kind is refused and changes nothing', async () => {
    const before = await countEverything()
    expect((await office.post('/twilio/message', { Body: 'x'.repeat(70_000) })).status).toBe(413)
    const json = await office.get('/twilio/message', {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })
    expect(json.status).toBe(403)
    expect(await countEverything()).toEqual(before)
  })
})

describe('a receipt', () => {
  it('is stored with all its fields before it is answered, and a repeat changes nothing', async () => {
    const form = {
      MessageSid: 'SM2',
      MessageStatus: 'undelivered',
      ErrorCode: '30003',
      To: '+628111',
      RawDlrDoneDate: '2611230130',
    }
    const first = await office.post('/twilio/status?attempt=12', form)
    expect(first.status).toBe(204)
    expect(await first.text()).toBe('')
    const [stored] = await receiptsOf('SM2')
    expect(stored).toMatchObject({ kind: 'message', status: 'undelivered', error_code: 30003, attempt_id: 12 })
    expect(JSON.parse(stored!.raw)).toMatchObject(form)
    expect(stored!.signature).toMatch(/^[\w+/]+=*$/)

    const { receipts, repeated } = office.listener.counts
    expect((await office.post('/twilio/status?attempt=12', form)).status).toBe(204)
    expect(await receiptsOf('SM2')).toEqual([stored])
    expect(office.listener.counts).toMatchObject({ receipts, repeated: repeated + 1 })
  })

  it('of a call has the call status, and an attempt that is no number is none', async () => {
    await office.post('/twilio/status?attempt=abc', { CallSid: 'CA3', CallStatus: 'no-answer' })
    expect(await receiptsOf('CA3')).toMatchObject([
      { kind: 'call', status: 'no-answer', attempt_id: null, error_code: null },
    ])
  })

  it('without an id or a status is said to be unreadable', async () => {
    expect((await office.post('/twilio/status', { MessageSid: 'SM4' })).status).toBe(400)
  })

  it('is answered with an error when it could not be stored, so that the carrier comes again', async () => {
    await using broken = await openTestOffice({ receipts: { record: () => Promise.reject(new Error('disk full')) } })
    expect((await broken.post('/twilio/status', DELIVERED)).status).toBe(500)
    expect(broken.listener.counts.errors).toBe(1)
  })
})

async function receiptsOf(sid: string) {
  const { receipts } = office.db.t
  return office.db.read.select().from(receipts).where(eq(receipts.sid, sid)).orderBy(receipts.id)
}

async function countEverything(): Promise<number[]> {
  const { receipts, acknowledgements, opt_outs } = office.db.t
  return [
    await office.db.read.$count(receipts),
    await office.db.read.$count(acknowledgements),
    await office.db.read.$count(opt_outs),
    office.inbound.length,
  ]
}
