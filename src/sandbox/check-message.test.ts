import { SegmentedMessage } from 'sms-segments-calculator'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Bench, clientOf, failureOf, openBench, phones, senders } from './test-office.ts'

const template = `HX${'a'.repeat(32)}`
const service = `MG${'b'.repeat(32)}`

describe('creating a message', () => {
  let bench: Bench

  beforeAll(async () => {
    bench = await openBench({
      behaviour: {
        senders: { sms: [senders.sms, '+12025550123'], calls: [senders.call], whatsapp: [senders.whatsapp] },
        messagingServices: { [service]: [senders.sms] },
        contents: { [template]: { body: 'Sampai {{1}}', buttons: [] } },
      },
    })
  })
  afterAll(() => bench[Symbol.asyncDispose]())

  const good = { to: phones.siti, from: senders.sms, body: 'halo' }
  const whatsapp = { to: `whatsapp:${phones.siti}`, from: senders.whatsapp }

  it.each<[code: number, what: string, params: Record<string, unknown>]>([
    [21604, 'no To', { ...good, to: '' }],
    [21603, 'neither From nor a messaging service', { to: good.to, body: 'x' }],
    [21602, 'no body, media or template', { to: good.to, from: good.from }],
    [21617, 'a body of 1601 characters', { ...good, body: 'x'.repeat(1601) }],
    [21211, 'a number without country code', { ...good, to: '081234567890' }],
    [21211, 'a number of no numbering plan', { ...good, to: '+6281' }],
    [21211, 'a WhatsApp number of no numbering plan', { ...whatsapp, to: 'whatsapp:+62811', body: 'x' }],
    [21614, 'a landline', { ...good, to: phones.landline }],
    [21212, 'a sender name of 12 characters', { ...good, from: 'IMIGRASIBLTR' }],
    [21212, 'a sender name without a letter', { ...good, from: '12345' }],
    [21606, 'a sender name of somebody else', { ...good, from: 'POLISI' }],
    [21606, 'a number of somebody else', { ...good, from: '+12025550199' }],
    [63007, 'a WhatsApp sender of somebody else', { ...whatsapp, from: 'whatsapp:+12025550199', body: 'x' }],
    [21910, 'SMS from a WhatsApp sender', { ...good, from: senders.whatsapp }],
    [21701, 'an unknown messaging service', { to: good.to, body: 'x', messagingServiceSid: `MG${'c'.repeat(32)}` }],
    [21609, 'a callback that is no URL', { ...good, statusCallback: 'not a url' }],
    [21609, 'a callback host with an underscore', { ...good, statusCallback: 'https://my_host.example/x' }],
    [90007, 'a validity period of 0', { ...good, validityPeriod: 0 }],
    [90007, 'a validity period of 36001', { ...good, validityPeriod: 36_001 }],
    [21620, 'media that is no URL', { ...whatsapp, mediaUrl: ['note.ogg'] }],
    [21623, 'two media files by WhatsApp', { ...whatsapp, mediaUrl: ['http://a.example/1', 'http://a.example/2'] }],
    [21655, 'an unknown template', { ...whatsapp, contentSid: `HX${'d'.repeat(32)}` }],
    [21654, 'variables without a template', { ...whatsapp, body: 'x', contentVariables: '{}' }],
    [21656, 'variables that are not JSON', { ...whatsapp, contentSid: template, contentVariables: '{1:' }],
    [21656, 'variables that are not strings', { ...whatsapp, contentSid: template, contentVariables: '{"1":2}' }],
    [20001, 'a template with a body', { ...whatsapp, contentSid: template, body: 'x' }],
    [20001, 'media by SMS', { ...good, mediaUrl: ['http://a.example/1'] }],
    [20001, 'a parameter that is not simulated', { ...good, sendAsMms: true }],
    [
      20001,
      'a schedule without a messaging service',
      { ...good, scheduleType: 'fixed', sendAt: new Date('2026-11-22T03:00:00Z') },
    ],
  ])('refuses with %i: %s', async (code, _what, params) => {
    const error = await failureOf(bench.client.messages.create(params as { to: string }))
    expect({ status: error.status, code: error.code }).toEqual({ status: 400, code })
    expect(bench.sandbox.transcript()).toEqual([])
  })

  it("refuses a parameter that Twilio does not have, in Twilio's error body", async () => {
    const response = await fetch(`${bench.sandbox.url}/2010-04-01/Accounts/${bench.client.accountSid}/Messages.json`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${bench.client.accountSid}:${bench.client.password}`)}` },
      body: new URLSearchParams({ To: good.to, From: good.from, Body: 'x', Priority: 'high' }),
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({
      code: 20001,
      message: 'Unknown parameter Priority',
      more_info: 'https://www.twilio.com/docs/errors/20001',
      status: 400,
    })
  })

  it('answers 201 with the resource as Twilio shows it, and nothing is known about its sending yet', async () => {
    const { client } = bench
    const message = await client.messages.create({ ...good, body: 'é'.repeat(100) })
    expect(message.sid).toMatch(/^SM[0-9a-f]{32}$/)
    expect(message.toJSON()).toMatchObject({
      accountSid: client.accountSid,
      apiVersion: '2010-04-01',
      body: 'é'.repeat(100),
      dateCreated: new Date('2026-11-22T01:30:00Z'),
      dateSent: null,
      direction: 'outbound-api',
      errorCode: null,
      from: senders.sms,
      numMedia: '0',
      numSegments: '1',
      price: null,
      status: 'queued',
      to: good.to,
      uri: `/2010-04-01/Accounts/${client.accountSid}/Messages/${message.sid}.json`,
    })
    expect((await client.messages.create({ ...good, body: '您'.repeat(71) })).numSegments).toBe('2')
  })

  it('refuses wrong credentials with 401 and code 20003', async () => {
    const error = await failureOf(clientOf(bench.sandbox.url, 'wrong').messages.create(good))
    expect(error).toMatchObject({ status: 401, code: 20003 })
  })

  it('knows no other account and no unknown message', async () => {
    expect(await failureOf(bench.client.messages(`SM${'0'.repeat(32)}`).fetch())).toMatchObject({
      status: 404,
      code: 20404,
    })
    expect(await failureOf(bench.client.api.v2010.accounts(`AC${'9'.repeat(32)}`).messages.list())).toMatchObject({
      status: 404,
    })
  })
})

describe('test credentials', () => {
  it('make magic numbers of some numbers, and nothing is sent', async () => {
    await using bench = await openBench({ behaviour: { testCredentials: true } })
    const { client, sandbox } = bench
    const magic = '+15005550006'
    const codeOf = async (to: string, from: string): Promise<unknown> =>
      (await failureOf(client.messages.create({ to, from, body: 'x' }))).code
    const phone = (last: number): string => `+1500555000${last}`
    expect(await Promise.all([1, 2, 3, 4, 9].map((last) => codeOf(phone(last), magic)))).toEqual([
      21211, 21612, 21408, 21610, 21614,
    ])
    expect(await Promise.all([1, 7, 8].map((last) => codeOf(phones.siti, phone(last))))).toEqual([21212, 21606, 21611])
    const call = async (to: string, from: string): Promise<unknown> =>
      (await failureOf(client.calls.create({ to, from, url: 'http://a.example/' }))).code
    expect(await Promise.all([1, 2, 3, 4].map((last) => call(phone(last), magic)))).toEqual([
      21217, 21214, 21215, 21216,
    ])
    expect([await call(phones.siti, phone(1)), await call(phones.siti, '+12025550123')]).toEqual([21212, 21210])

    const message = await client.messages.create({ to: phones.siti, from: magic, body: 'x' })
    expect(message.status).toBe('queued')
    await sandbox.idle()
    expect(sandbox.transcript()).toEqual([])
    expect(await failureOf(client.messages(message.sid).fetch())).toMatchObject({ status: 403, code: 20008 })
  })

  it('are what the magic numbers need: with live credentials they are just numbers', async () => {
    await using bench = await openBench()
    const message = await bench.client.messages.create({ to: '+15005550004', from: senders.sms, body: 'x' })
    await bench.sandbox.idle()
    expect((await bench.client.messages(message.sid).fetch()).status).toBe('delivered')
  })
})

describe('a message that was created', () => {
  let bench: Bench

  beforeAll(async () => {
    bench = await openBench()
  })
  afterAll(() => bench[Symbol.asyncDispose]())

  it.each([
    'halo '.repeat(40),
    'Überfällig, größer '.repeat(17),
    '延長申請は7月30日まで。Ref BLT-7K3Q '.repeat(5),
    '연장 신청、'.repeat(30),
  ])("counts segments as the carrier's own calculator does: %#", async (body) => {
    const sent = await bench.client.messages.create({ to: phones.siti, from: senders.sms, body })
    expect(Number(sent.numSegments)).toBe(new SegmentedMessage(body, 'auto', false).segmentsCount)
  })
})
