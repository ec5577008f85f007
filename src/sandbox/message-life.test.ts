import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Person } from './people.ts'
import { type Bench, failureOf, mp3, openBench, phones, pleasant, senders } from './test-office.ts'

const template = `HX${'a'.repeat(32)}`
const service = `MG${'b'.repeat(32)}`
const day = 24 * 60 * 60 * 1000
const behaviour = {
  contents: {
    [template]: { body: 'Pesan suara tentang {{1}}', buttons: [{ text: 'Dengarkan', payload: 'listen' }] },
  },
}

describe('an SMS', () => {
  let bench: Bench
  let person: Person

  beforeEach(async () => {
    person = pleasant
    bench = await openBench({ people: () => person })
  })
  afterEach(() => bench[Symbol.asyncDispose]())

  async function send(more: Record<string, unknown> = {}) {
    const { client, sandbox, office } = bench
    const message = await client.messages.create({
      to: phones.siti,
      from: senders.sms,
      body: 'Izin tinggal … https://a.example/n/t0ken.',
      statusCallback: `${office.url}/status?attempt=7`,
      ...more,
    })
    await sandbox.idle()
    return client.messages(message.sid).fetch()
  }

  it('goes to the phone, with signed callbacks for every step after the first', async () => {
    const { office, sandbox } = bench
    const message = await send()
    expect(message).toMatchObject({ status: 'delivered', errorCode: null, dateSent: new Date('2026-11-22T01:30:00Z') })
    expect(office.values('/status', 'MessageStatus')).toEqual(['sending', 'sent', 'delivered'])
    expect(office.received.every(({ signed, method }) => signed && method === 'POST')).toBe(true)
    expect(office.received.at(-1)?.params).toEqual({
      AccountSid: message.accountSid,
      ApiVersion: '2010-04-01',
      From: senders.sms,
      MessageSid: message.sid,
      MessageStatus: 'delivered',
      RawDlrDoneDate: '2611220130',
      SmsSid: message.sid,
      SmsStatus: 'delivered',
      To: phones.siti,
    })
    expect(sandbox.transcript()).toMatchObject([
      {
        kind: 'sms',
        sid: message.sid,
        to: phones.siti,
        from: senders.sms,
        link: 'https://a.example/n/t0ken',
        status: 'delivered',
      },
    ])
  })

  it.each<[NonNullable<Person['sms']>, number, string]>([
    ['unreachable', 30003, 'undelivered'],
    ['unknown', 30005, 'undelivered'],
    ['filtered', 30007, 'undelivered'],
  ])('to a phone that is %s ends with %i, and the phone got nothing', async (sms, errorCode, status) => {
    person = { ...pleasant, sms }
    expect(await send()).toMatchObject({ status, errorCode })
    expect(bench.office.received.at(-1)?.params).toMatchObject({ MessageStatus: status, ErrorCode: String(errorCode) })
    expect(bench.sandbox.transcript()).toEqual([])
  })

  it('stays at sent where no receipt ever comes, whether the phone got it or not', async () => {
    person = { ...pleasant, sms: 'silent' }
    expect((await send()).status).toBe('sent')
    person = { ...pleasant, sms: 'lost' }
    expect((await send()).status).toBe('sent')
    expect(bench.sandbox.transcript()).toMatchObject([{ status: 'sent' }])
  })

  it('is refused for a person whose number is a landline', async () => {
    person = { ...pleasant, sms: 'landline' }
    expect(await failureOf(send())).toMatchObject({ status: 400, code: 21614 })
  })

  it('that waits in the queue longer than its validity period fails with 30036, by the clock', async () => {
    const { sandbox, client, clock } = bench
    sandbox.configure({ queueForMs: 60_000 })
    const early = await send({ validityPeriod: 60 })
    const late = await send({ validityPeriod: 59 })
    expect(early.status).toBe('queued')
    clock.advance(60_000)
    await sandbox.idle()
    expect((await client.messages(early.sid).fetch()).status).toBe('delivered')
    expect(await client.messages(late.sid).fetch()).toMatchObject({ status: 'failed', errorCode: 30036 })
    expect(sandbox.transcript().map(({ sid }) => sid)).toEqual([early.sid])
  })

  it('by a messaging service starts as accepted, and hears of late what would have been refused', async () => {
    const { client, sandbox, office } = bench
    sandbox.configure({ messagingServices: { [service]: ['KANIM BLTR'] } })
    const params = { messagingServiceSid: service, body: 'x', statusCallback: `${office.url}/status` }
    const message = await client.messages.create({ to: phones.siti, ...params })
    expect(message).toMatchObject({ status: 'accepted', from: null, numSegments: '0' })
    await sandbox.idle()
    expect(await client.messages(message.sid).fetch()).toMatchObject({ status: 'delivered', from: 'KANIM BLTR' })
    expect(office.values('/status', 'MessageStatus')).toEqual(['queued', 'sending', 'sent', 'delivered'])
    expect(office.received[0]?.params.MessagingServiceSid).toBe(service)
    const landline = await client.messages.create({ to: phones.landline, ...params })
    await sandbox.idle()
    expect(await client.messages(landline.sid).fetch()).toMatchObject({ status: 'failed', errorCode: 21614 })
  })

  it('that is scheduled goes at its time, unless it is canceled before', async () => {
    const { client, sandbox, clock } = bench
    const params = { to: phones.siti, messagingServiceSid: service, body: 'x', scheduleType: 'fixed' as const }
    const sendAt = new Date(clock.now() + 3_600_000)
    const [kept, dropped] = [
      await client.messages.create({ ...params, sendAt }),
      await client.messages.create({ ...params, sendAt }),
    ]
    expect(kept.status).toBe('scheduled')
    expect((await client.messages(dropped.sid).update({ status: 'canceled' })).status).toBe('canceled')
    clock.advance(3_600_000)
    await sandbox.idle()
    expect((await client.messages(kept.sid).fetch()).status).toBe('delivered')
    expect((await client.messages(dropped.sid).fetch()).status).toBe('canceled')
    expect(await failureOf(client.messages(kept.sid).update({ status: 'canceled' }))).toMatchObject({ code: 30409 })
    expect(
      await failureOf(client.messages.create({ ...params, sendAt: new Date(clock.now() + 60_000) })),
    ).toMatchObject({ code: 20001 })
  })

  it('can be redacted and deleted once it is over, and not before', async () => {
    const { client, sandbox, clock } = bench
    sandbox.configure({ queueForMs: 1000 })
    const message = await send()
    expect(await failureOf(client.messages(message.sid).update({ body: '' }))).toMatchObject({
      status: 409,
      code: 20009,
    })
    expect(await failureOf(client.messages(message.sid).remove())).toMatchObject({ status: 409, code: 20009 })
    clock.advance(1000)
    await sandbox.idle()
    expect(await failureOf(client.messages(message.sid).update({ body: 'other words' }))).toMatchObject({ code: 20001 })
    expect((await client.messages(message.sid).update({ body: '' })).body).toBe('')
    expect(sandbox.transcript()[0]?.body).toContain('Izin tinggal')
    expect(await client.messages(message.sid).remove()).toBe(true)
    expect(await failureOf(client.messages(message.sid).fetch())).toMatchObject({ status: 404 })
  })
})

describe('a WhatsApp message', () => {
  let bench: Bench
  let person: Person

  let note: Buffer

  beforeAll(async () => {
    note = await mp3(4)
  })
  beforeEach(async () => {
    person = pleasant
    bench = await openBench({
      people: () => person,
      behaviour,
      answers: {
        '/note.mp3': { type: 'audio/mpeg', body: note },
        '/note.html': { type: 'text/html', body: '<p>sorry</p>' },
        '/gone.mp3': { status: 404 },
      },
    })
  })
  afterEach(() => bench[Symbol.asyncDispose]())

  const to = `whatsapp:${phones.siti}`

  async function send(params: Record<string, unknown>) {
    const { client, sandbox, office } = bench
    const statusCallback = `${office.url}/status`
    const message = await client.messages.create({ to, from: senders.whatsapp, statusCallback, ...params })
    await sandbox.idle()
    return client.messages(message.sid).fetch()
  }

  it('from a template is delivered and read', async () => {
    const message = await send({ contentSid: template, contentVariables: '{"1":"izin tinggal"}' })
    expect(message).toMatchObject({ status: 'read', body: 'Pesan suara tentang izin tinggal' })
    expect(bench.office.values('/status', 'MessageStatus')).toEqual(['sending', 'sent', 'delivered', 'read'])
    expect(bench.office.received.at(-1)?.params).toMatchObject({
      ChannelPrefix: 'whatsapp',
      ChannelToAddress: '+628123456XXXX',
      EventType: 'READ',
      To: to,
    })
    expect(bench.office.received.every(({ signed }) => signed)).toBe(true)
    expect(bench.sandbox.transcript()).toMatchObject([
      { kind: 'whatsapp', to: phones.siti, buttons: [{ payload: 'listen' }], status: 'read' },
    ])
  })

  it('in free form needs a message from the person within 24 hours: 63016', async () => {
    const { sandbox, clock } = bench
    expect(await send({ body: 'halo' })).toMatchObject({ status: 'failed', errorCode: 63016 })
    expect(bench.office.received.at(-1)?.params).toMatchObject({
      ErrorCode: '63016',
      ChannelStatusMessage: expect.any(String),
    })
    await sandbox.reply(phones.siti, senders.whatsapp, { body: 'halo' })
    clock.advance(day - 1)
    expect((await send({ body: 'halo' })).status).toBe('read')
    clock.advance(1)
    expect(await send({ body: 'halo' })).toMatchObject({ status: 'failed', errorCode: 63016 })
    await sandbox.reply(phones.budi, senders.whatsapp, { body: 'hi' })
    expect((await send({ body: 'halo' })).errorCode).toBe(63016)
  })

  it('carries a voice note that the carrier really fetches', async () => {
    const { sandbox, office } = bench
    await sandbox.reply(phones.siti, senders.whatsapp, { body: 'ya' })
    const message = await send({ mediaUrl: [`${office.url}/note.mp3`] })
    expect(message).toMatchObject({ status: 'read', numMedia: '1' })
    expect(message.sid).toMatch(/^MM/)
    expect(office.received.filter(({ path }) => path === '/note.mp3').map(({ method }) => method)).toEqual([
      'HEAD',
      'GET',
    ])
    const [entry] = sandbox.transcript()
    expect(entry?.link).toBe(`${office.url}/note.mp3`)
    expect(entry?.heard).toMatchObject([
      { what: 'media', contentType: 'audio/mpeg', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ])
  })

  it.each([
    ['/gone.mp3', 63019, 11200],
    ['/note.html', 12300, 12300],
  ])('fails where its media is %s', async (path, errorCode, alert) => {
    const { sandbox, office } = bench
    await sandbox.reply(phones.siti, senders.whatsapp, { body: 'ya' })
    expect(await send({ mediaUrl: [`${office.url}${path}`] })).toMatchObject({ status: 'failed', errorCode })
    expect(sandbox.alerts()).toMatchObject([{ code: alert, url: `${office.url}${path}` }])
    expect(sandbox.transcript()).toEqual([])
  })

  it('never leaves this machine, not even for its media', async () => {
    const { sandbox } = bench
    await sandbox.reply(phones.siti, senders.whatsapp, { body: 'ya' })
    expect(await send({ mediaUrl: ['http://192.0.2.1/note.mp3'] })).toMatchObject({ errorCode: 63019 })
    expect(sandbox.alerts()[0]?.text).toContain('loopback')
  })

  it.each<[NonNullable<Person['whatsapp']>, number]>([
    ['absent', 63024],
    ['not-joined', 63003],
    ['blocked', 63014],
  ])('to a number that is %s on WhatsApp ends with %i', async (whatsapp, errorCode) => {
    person = { ...pleasant, whatsapp }
    expect(await send({ contentSid: template, contentVariables: '{"1":"x"}' })).toMatchObject({
      status: 'undelivered',
      errorCode,
    })
    expect(bench.sandbox.transcript()).toEqual([])
  })

  it('from a template with an empty or a very long variable fails late: 63013, 63021', async () => {
    expect(await send({ contentSid: template, contentVariables: '{"1":" "}' })).toMatchObject({
      status: 'failed',
      errorCode: 63013,
    })
    expect(
      await send({ contentSid: template, contentVariables: JSON.stringify({ 1: 'x'.repeat(1024) }) }),
    ).toMatchObject({ errorCode: 63021 })
  })

  it('makes a person who taps buttons tap, which opens the 24 hours', async () => {
    const { sandbox, office } = bench
    person = { ...pleasant, taps: true }
    sandbox.configure({ messageUrl: `${office.url}/message` })
    const message = await send({ contentSid: template, contentVariables: '{"1":"x"}' })
    const tap = office.received.find(({ path }) => path === '/message')
    expect(tap?.signed).toBe(true)
    expect(tap?.params).toMatchObject({
      From: to,
      To: senders.whatsapp,
      WaId: phones.siti.slice(1),
      Body: 'Dengarkan',
      ButtonText: 'Dengarkan',
      ButtonPayload: 'listen',
      MessageType: 'button',
      NumMedia: '0',
      OriginalRepliedMessageSid: message.sid,
      SmsStatus: 'received',
    })
    expect((await send({ mediaUrl: [`${office.url}/note.mp3`] })).status).toBe('read')
  })

  it('to somebody who wrote STOP is refused with 21610 until START', async () => {
    const { sandbox, office } = bench
    sandbox.configure({ messageUrl: `${office.url}/message` })
    await sandbox.reply(phones.siti, senders.whatsapp, { body: ' stop ' })
    expect(office.received.at(-1)?.params).toMatchObject({ Body: ' stop ', OptOutType: 'STOP' })
    expect(await failureOf(send({ body: 'x' }))).toMatchObject({ status: 400, code: 21610 })
    await sandbox.reply(phones.siti, senders.whatsapp, { body: 'START' })
    expect((await send({ body: 'x' })).status).toBe('read')
    const sms = await bench.client.messages.create({ to: phones.siti, from: senders.sms, body: 'x' })
    expect(sms.status).toBe('queued')
  })

  it('that comes in is listed as received', async () => {
    const { client, sandbox } = bench
    await sandbox.reply(phones.siti, senders.whatsapp, { body: 'halo' })
    expect(await client.messages.list({ to: senders.whatsapp })).toMatchObject([
      { direction: 'inbound', status: 'received', from: to, body: 'halo' },
    ])
  })
})
