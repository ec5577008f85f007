import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Person } from './people.ts'
import { type Bench, failureOf, mp3, openBench, phones, pleasant, senders, xml } from './test-office.ts'

const events = ['initiated', 'ringing', 'answered', 'completed']

let note: Buffer
let bench: Bench
let person: Person

beforeAll(async () => {
  note = await mp3(20)
})

beforeEach(async () => {
  person = pleasant
  bench = await openBench({
    people: () => person,
    answers: {
      '/note.mp3': { type: 'audio/mpeg', body: note },
      '/note.ogg': { type: 'audio/ogg', body: 'OggS' },
      '/voice': xml(
        '<Gather numDigits="1" timeout="6" action="key?n=1"><Play>/note.mp3</Play><Say>Tekan satu</Say></Gather><Redirect>/heard</Redirect>',
      ),
      '/key': xml('<Say>Terima kasih</Say>'),
      '/heard': xml('<Hangup/>'),
    },
  })
})
afterEach(() => bench[Symbol.asyncDispose]())

async function ring(more: Record<string, unknown> = {}) {
  const { client, sandbox, office } = bench
  const call = await client.calls.create({
    to: phones.siti,
    from: senders.call,
    ...('twiml' in more ? {} : { url: `${office.url}/voice` }),
    statusCallback: `${office.url}/status`,
    statusCallbackEvent: events,
    ...more,
  })
  await sandbox.idle()
  return client.calls(call.sid).fetch()
}

const asked = (path: string) => bench.office.received.filter((one) => one.path === path)

describe('a call to a person', () => {
  it('who presses 1 after the note posts the key to the action, and ends completed', async () => {
    const { office, sandbox } = bench
    const call = await ring()
    expect(call).toMatchObject({
      status: 'completed',
      direction: 'outbound-api',
      from: senders.call,
      to: phones.siti,
      answeredBy: null,
    })
    expect(office.values('/status', 'CallStatus')).toEqual(['initiated', 'ringing', 'in-progress', 'completed'])
    expect(office.values('/status', 'SequenceNumber')).toEqual(['0', '1', '2', '3'])
    expect(office.received.filter(({ path }) => path !== '/note.mp3').every(({ signed }) => signed)).toBe(true)
    expect(asked('/voice').map(({ params }) => params)).toEqual([
      {
        AccountSid: call.accountSid,
        ApiVersion: '2010-04-01',
        CallSid: call.sid,
        CallStatus: 'in-progress',
        Called: phones.siti,
        Caller: senders.call,
        Direction: 'outbound-api',
        From: senders.call,
        To: phones.siti,
      },
    ])
    expect(asked('/note.mp3').map(({ method }) => method)).toEqual(['HEAD', 'GET'])
    expect(asked('/key')).toMatchObject([{ method: 'POST', params: { Digits: '1', CallSid: call.sid } }])
    expect(asked('/heard')).toEqual([])
    expect(sandbox.transcript()).toMatchObject([
      {
        kind: 'call',
        sid: call.sid,
        to: phones.siti,
        link: `${office.url}/note.mp3`,
        presses: ['1'],
        status: 'completed',
      },
    ])
  })

  it('takes as long as the note really plays, in no time', async () => {
    const call = await ring()
    expect(Number(call.duration)).toBeGreaterThanOrEqual(22)
    expect(Number(call.duration)).toBeLessThanOrEqual(24)
    expect(call.endTime.getTime() - call.startTime.getTime()).toBe(Number(call.duration) * 1000)
    expect(asked('/status').at(-1)?.params).toMatchObject({
      CallDuration: call.duration,
      Duration: '1',
      SipResponseCode: '200',
    })
    expect(bench.sandbox.transcript()[0]?.heard[0]).toMatchObject({ what: 'play', lastsMs: expect.closeTo(20_100, -3) })
  })

  it('who hears it to the end without a key falls through to what comes after the Gather', async () => {
    person = { ...pleasant, presses: [] }
    expect((await ring()).status).toBe('completed')
    expect(asked('/heard')).toHaveLength(1)
    expect(asked('/key')).toEqual([])
  })

  it('who hangs up before the end never gets there: no key, no fall-through, a short call', async () => {
    person = { ...pleasant, hangsUpAfterMs: 4500 }
    expect(await ring()).toMatchObject({ status: 'completed', duration: '5' })
    expect([...asked('/key'), ...asked('/heard')]).toEqual([])
    const [heard] = bench.sandbox.transcript()[0]?.heard ?? []
    expect(heard?.heardMs).toBe(4500)
    expect(heard?.lastsMs).toBeGreaterThan(20_000)
  })

  it('who presses early does not hear the rest', async () => {
    person = { ...pleasant, pressesAfterMs: 3000 }
    await ring()
    expect(asked('/key')).toHaveLength(1)
    expect(bench.sandbox.transcript()[0]?.heard.map(({ what, heardMs }) => [what, heardMs])).toEqual([
      ['play', 3000],
      ['say', 800],
    ])
  })

  it('who presses too late is not heard', async () => {
    person = { ...pleasant, pressesAfterMs: 40_000 }
    await ring()
    expect(asked('/key')).toEqual([])
    expect(asked('/heard')).toHaveLength(1)
  })

  it('who is asked twice presses one key after the other', async () => {
    person = { ...pleasant, presses: ['2', '1'] }
    bench.office.answers['/voice'] = xml('<Gather numDigits="1" action="/again"><Say>Bahasa</Say></Gather>')
    bench.office.answers['/again'] = xml('<Gather numDigits="1" action="/key"><Play>/note.mp3</Play></Gather>')
    await ring()
    expect([bench.office.values('/again', 'Digits'), bench.office.values('/key', 'Digits')]).toEqual([['2'], ['1']])
  })

  it('may end digits with the finish key, or let the timeout end them', async () => {
    person = { ...pleasant, presses: ['12#'] }
    bench.office.answers['/voice'] = xml('<Gather action="/key"/>')
    await ring()
    expect(asked('/key')[0]?.params).toMatchObject({ Digits: '12', FinishedOnKey: '#' })
    person = { ...pleasant, presses: ['12'] }
    await ring()
    expect(asked('/key')[1]?.params.Digits).toBe('12')
  })

  it('hears TwiML that came with the request', async () => {
    person = { ...pleasant, presses: [] }
    const call = await ring({ twiml: '<Response><Say loop="2">123456789012345</Say><Pause length="3"/></Response>' })
    expect(call).toMatchObject({ status: 'completed', duration: '5' })
  })

  it('is told only of the end where no events were asked for', async () => {
    await ring({ statusCallbackEvent: undefined })
    expect(bench.office.values('/status', 'CallStatus')).toEqual(['completed'])
  })
})

describe('a call that nobody takes', () => {
  it.each<[Person['answers'], string, string, boolean]>([
    ['busy', 'busy', '486', true],
    ['no-answer', 'no-answer', '487', true],
    ['failed', 'failed', '404', false],
  ])('%s ends %s, and TwiML is never asked for', async (answers, status, sip, rang) => {
    person = { ...pleasant, answers }
    expect(await ring()).toMatchObject({ status, duration: '0' })
    expect(asked('/status').at(-1)?.params).toMatchObject({
      CallStatus: status,
      CallDuration: '0',
      SipResponseCode: sip,
    })
    expect(asked('/voice')).toEqual([])
    expect(bench.sandbox.transcript().map((entry) => entry.status)).toEqual(rang ? [status] : [])
  })

  it('rings no longer than its Timeout', async () => {
    person = { ...pleasant, answersAfterS: 20 }
    expect((await ring({ timeout: 19 })).status).toBe('no-answer')
    expect((await ring({ timeout: 20 })).status).toBe('completed')
  })

  it('can be canceled while it waits in the queue', async () => {
    const { client, sandbox, clock } = bench
    sandbox.configure({ queueForMs: 1000 })
    const call = await ring()
    expect(call.status).toBe('queued')
    expect((await client.calls(call.sid).update({ status: 'canceled' })).status).toBe('canceled')
    clock.advance(1000)
    await sandbox.idle()
    expect(sandbox.transcript()).toEqual([])
    expect(await failureOf(client.calls(call.sid).update({ status: 'completed' }))).toMatchObject({ code: 21220 })
  })

  it('can be ended by the client while it talks', async () => {
    const { client, office } = bench
    office.answers['/voice'] = async ({ params }) => {
      await client.calls(params.CallSid ?? '').update({ status: 'completed' })
      return xml('<Redirect>/heard</Redirect>')
    }
    expect((await ring()).status).toBe('completed')
    expect(asked('/heard')).toEqual([])
  })
})

describe('answering machine detection', () => {
  it.each([
    ['human', 'Enable', 'human'],
    ['machine', 'Enable', 'machine_start'],
    ['machine', 'DetectMessageEnd', 'machine_end_beep'],
    ['fax', 'Enable', 'fax'],
  ] as const)('of a %s with %s says %s before the TwiML', async (answers, machineDetection, answeredBy) => {
    person = { ...pleasant, answers }
    expect(await ring({ machineDetection })).toMatchObject({ status: 'completed', answeredBy })
    expect(asked('/voice')[0]?.params.AnsweredBy).toBe(answeredBy)
    expect(asked('/status').at(-1)?.params.AnsweredBy).toBe(answeredBy)
    expect(asked('/key')).toHaveLength(answers === 'human' ? 1 : 0)
  })

  it('in the background posts its finding while the call goes on', async () => {
    person = { ...pleasant, answers: 'machine' }
    const call = await ring({
      machineDetection: 'Enable',
      asyncAmd: 'true',
      asyncAmdStatusCallback: `${bench.office.url}/amd`,
    })
    expect(asked('/voice')[0]?.params.AnsweredBy).toBeUndefined()
    expect(asked('/amd')).toMatchObject([{ signed: true, params: { CallSid: call.sid, AnsweredBy: 'machine_start' } }])
    expect(call.answeredBy).toBe('machine_start')
  })

  it('is not done unasked: a machine looks like somebody who heard it all', async () => {
    person = { ...pleasant, answers: 'machine' }
    expect(await ring()).toMatchObject({ status: 'completed', answeredBy: null })
    expect(asked('/heard')).toHaveLength(1)
  })
})

describe("what is wrong with the client's TwiML", () => {
  it.each([
    ['an Ogg file to play', '<Play>/note.ogg</Play>', 13420],
    ['a page to play', '<Play>/page</Play>', 12300],
    ['nothing to play', '<Play>/missing</Play>', 11200],
    ['a verb that does not exist', '<Shout>x</Shout>', 12200],
    ['an attribute that does not exist', '<Play volume="9">/note.mp3</Play>', 12200],
    ['broken XML', '<Say>', 12100],
    ['an endless chain', '<Redirect>/voice</Redirect>', 12200],
  ])('ends the call: %s', async (_what, verbs, code) => {
    const { office, sandbox } = bench
    office.answers['/page'] = { type: 'text/html', body: 'x' }
    office.answers['/missing'] = { status: 404 }
    office.answers['/voice'] = xml(verbs)
    expect((await ring()).status).toBe('completed')
    expect(sandbox.alerts().map((alert) => alert.code)).toEqual([code])
    expect(sandbox.transcript()[0]?.heard.at(-1)?.words).toContain('application error')
  })

  it.each([
    ['the server is down', { status: 500 }, 11200],
    ['it is no XML by its type', { type: 'application/json', body: '{}' }, 12300],
    ['it is empty', { type: 'text/xml', body: '' }, 12100],
  ])('is made good by the fallback URL: %s', async (_what, reply, code) => {
    const { office, sandbox } = bench
    office.answers['/voice'] = reply
    await ring({ fallbackUrl: `${office.url}/fallback` })
    expect(asked('/fallback')[0]?.params).toMatchObject({ ErrorCode: String(code), ErrorUrl: `${office.url}/voice` })
    expect(sandbox.alerts()[0]?.code).toBe(code)
  })
})

describe('creating a call', () => {
  const good = { to: phones.siti, from: senders.call, url: 'http://127.0.0.1:9/voice' }

  it.each<[number, string, Record<string, unknown>]>([
    [21201, 'no To', { ...good, to: '' }],
    [21213, 'no From', { ...good, from: '' }],
    [21217, 'a number without country code', { ...good, to: '081234567890' }],
    [21214, 'a number of no numbering plan', { ...good, to: '+62999999999999' }],
    [21212, 'a sender name', { ...good, from: 'IMIGRASI' }],
    [21210, 'a number of somebody else', { ...good, from: '+12025550199' }],
    [21205, 'neither Url nor Twiml', { to: good.to, from: good.from }],
    [21205, 'a Url that is none', { ...good, url: 'voice.xml' }],
    [20001, 'both Url and Twiml', { ...good, twiml: '<Response/>' }],
    [
      20001,
      'Twiml of 4001 characters',
      { to: good.to, from: good.from, twiml: `<Response>${' '.repeat(3980)}</Response>` },
    ],
    [20001, 'a Timeout of 601 s', { ...good, timeout: 601 }],
    [20001, 'an event that does not exist', { ...good, statusCallbackEvent: ['finished'] }],
    [20001, 'a detection that does not exist', { ...good, machineDetection: 'Maybe' }],
    [20001, 'recording, which is not simulated', { ...good, record: true }],
    [21609, 'a callback that is no URL', { ...good, statusCallback: 'nowhere' }],
  ])('is refused with %i: %s', async (code, _what, params) => {
    bench.sandbox.configure({ senders: { sms: [], calls: [senders.call], whatsapp: [] } })
    const error = await failureOf(bench.client.calls.create(params as { to: string; from: string }))
    expect({ status: error.status, code: error.code }).toEqual({ status: 400, code })
  })

  it('rings landlines too', async () => {
    expect((await ring({ to: phones.landline })).status).toBe('completed')
  })
})

describe('a call from a phone', () => {
  it("gets the voice URL's TwiML and presses keys", async () => {
    const { sandbox, office, client } = bench
    sandbox.configure({ voiceUrl: `${office.url}/voice` })
    const entry = await sandbox.ring(phones.siti, senders.call, { presses: ['1'] })
    expect(entry).toMatchObject({
      direction: 'from-phone',
      from: phones.siti,
      to: senders.call,
      status: 'completed',
      presses: ['1'],
    })
    expect(asked('/voice')[0]?.params).toMatchObject({
      Direction: 'inbound',
      CallStatus: 'ringing',
      From: phones.siti,
      To: senders.call,
    })
    expect(asked('/key')[0]?.params).toMatchObject({ Digits: '1', CallStatus: 'in-progress' })
    expect(await client.calls(entry.sid).fetch()).toMatchObject({ direction: 'inbound', status: 'completed' })
  })

  it('can be rejected', async () => {
    const { sandbox, office } = bench
    sandbox.configure({ voiceUrl: `${office.url}/voice` })
    office.answers['/voice'] = xml('<Reject reason="busy"/>')
    expect(await sandbox.ring(phones.siti, senders.call)).toMatchObject({ status: 'busy', durationS: 0 })
  })
})
