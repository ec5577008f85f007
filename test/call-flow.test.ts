import { asc, eq } from 'drizzle-orm'
import { afterEach, describe, expect, it } from 'vitest'
import { callScript, voiceScript } from '../src/compose/words.ts'
import { storeReceipt } from '../src/deliver/receipts.ts'
import { civilDate, dateAt, timeAt } from '../src/lib/civil-date.ts'
import type { Person } from '../src/sandbox/sandbox.ts'
import type { TranscriptEntry } from '../src/sandbox/transcript.ts'
import { TIME_ZONE } from './ground.ts'
import { silentSpeech } from './silent-speech.ts'
import { openWorld, type Row, type World } from './world.ts'

const TODAY = '2026-06-01'
const PHONE = '+6281200000001'
const CALLS_FROM = '+62342000001'
const WHATSAPP_FROM = 'whatsapp:+62342000002'

let world: World

afterEach(() => world?.[Symbol.asyncDispose]())

describe('a call', () => {
  const answering = async (person: Person, row: Partial<Row> = {}) => {
    // To hang up in the middle there must be something to hear.
    const overrides = person.hangsUpAfterMs === undefined ? {} : { speech: [silentSpeech()] }
    world = await openWorld({ today: TODAY, people: () => person, overrides })
    await world.register([resident(row)])
    await world.day(TODAY)
  }

  it('greets in the language of the resident, plays the note and asks for a key', async () => {
    await answering({ answers: 'human', presses: ['1'] })
    const [call] = calls()
    expect(await heardIn(call!)).toEqual(['greeting', 'note', 'prompt', 'thanks'])
    expect(call!.heard.map(({ what, contentType }) => [what, contentType])).toEqual(
      Array(4).fill(['play', 'audio/mpeg']),
    )
    expect(call!.heard.slice(0, 3).every(({ heardMs, lastsMs }) => heardMs === lastsMs)).toBe(true)
  })

  it.each<[string, Person, Outcome]>([
    [
      'key 1',
      { answers: 'human', presses: ['1'] },
      {
        state: 'delivered',
        attempt: { ended: 'completed', digits: '1', answered_by: 'human', heard: null },
        answers: ['understood key'],
      },
    ],
    [
      'key 2, then 1',
      { answers: 'human', presses: ['2', '1'] },
      {
        state: 'delivered',
        attempt: { ended: 'completed', digits: '12', answered_by: 'human', heard: null },
        answers: ['understood key'],
      },
    ],
    [
      'key 2 only: heard, but not said to be understood',
      { answers: 'human', presses: ['2'] },
      { state: 'delivered', attempt: { ended: 'completed', digits: '2', answered_by: 'human', heard: 1 }, answers: [] },
    ],
    [
      'no key, heard to the end',
      { answers: 'human', presses: [] },
      {
        state: 'delivered',
        attempt: { ended: 'completed', digits: null, answered_by: 'human', heard: 1 },
        answers: [],
      },
    ],
    [
      'a key that means nothing',
      { answers: 'human', presses: ['7', '7', '7'] },
      {
        state: 'queued',
        reason: 'hung-up',
        attempt: { ended: 'completed', digits: '7', answered_by: 'human', heard: null },
        answers: [],
      },
    ],
    [
      'hung up at once, before it was clear who answered',
      { answers: 'human', presses: ['1'], hangsUpAfterMs: 1_500 },
      {
        state: 'queued',
        reason: 'unknown',
        attempt: { ended: 'completed', digits: null, answered_by: null, heard: null },
        answers: [],
      },
    ],
    [
      'hung up during the note',
      { answers: 'human', presses: ['1'], hangsUpAfterMs: 9_000 },
      {
        state: 'queued',
        reason: 'hung-up',
        attempt: { ended: 'completed', digits: null, answered_by: 'human', heard: null },
        answers: [],
      },
    ],
    [
      'voicemail',
      { answers: 'machine' },
      {
        state: 'queued',
        reason: 'machine',
        attempt: { ended: 'completed', digits: null, answered_by: expect.stringMatching(/^machine/), heard: null },
        answers: [],
      },
    ],
    [
      'a fax',
      { answers: 'fax' },
      {
        state: 'queued',
        reason: 'machine',
        attempt: { ended: 'completed', digits: null, answered_by: 'fax', heard: null },
        answers: [],
      },
    ],
    [
      'busy',
      { answers: 'busy' },
      {
        state: 'queued',
        reason: 'busy',
        attempt: { ended: 'busy', digits: null, answered_by: null, heard: null },
        answers: [],
      },
    ],
    [
      'no answer',
      { answers: 'no-answer' },
      {
        state: 'queued',
        reason: 'no-answer',
        attempt: { ended: 'no-answer', digits: null, answered_by: null, heard: null },
        answers: [],
      },
    ],
  ])('%s', async (_, person, { state, reason, attempt, answers }) => {
    await answering(person)
    const [delivery] = await deliveriesOf('call')
    expect(delivery).toMatchObject({ state, attempts: 1, ...(reason ? { reason } : {}) })
    expect(await attemptsOf(delivery!.id)).toMatchObject([{ number: 1, outcome: 'accepted', ...attempt }])
    expect(await answersGiven()).toEqual(answers)
    if (state !== 'queued') return
    expect(dateAt(delivery!.not_before, TIME_ZONE)).toBe('2026-06-02')
    expect(Math.abs(minutesOf(delivery!.not_before) - minutesOf(calls()[0]!.at))).toBeGreaterThan(180)
  })

  it('plays a machine the note alone, without asking it', async () => {
    await answering({ answers: 'machine' })
    expect(await heardIn(calls()[0]!)).toEqual(['note'])
  })

  it('is tried at other hours of other days, and after three of them the SMS must do', async () => {
    await answering({ answers: 'no-answer' })
    for (const date of ['2026-06-02', '2026-06-03', '2026-06-04']) await world.day(date)
    expect(calls()).toHaveLength(3)
    expect(new Set(calls().map(({ at }) => dateAt(at, TIME_ZONE))).size).toBe(3)
    expect(await deliveriesOf('call')).toMatchObject([{ state: 'exhausted', reason: 'no-answer', attempts: 3 }])
    expect(await deliveriesOf('sms')).toMatchObject([{ state: 'delivered' }])
  })

  it('is not repeated once a key was pressed', async () => {
    await answering({ answers: 'no-answer' })
    world.sandbox.setPerson(PHONE, { answers: 'human', presses: ['1'] })
    await world.day('2026-06-02')
    await world.day('2026-06-03')
    expect(calls()).toHaveLength(2)
    expect(await answersGiven()).toEqual(['understood key'])
  })

  it('can be returned: whoever rings back hears the note again, a stranger hears of the office', async () => {
    await answering({ answers: 'no-answer' })
    const back = await world.sandbox.ring(PHONE, CALLS_FROM)
    expect(await heardIn(back)).toEqual(['note', 'goodbye'])
    expect(back.status).toBe('completed')
    const stranger = await world.sandbox.ring('+6281299999999', CALLS_FROM)
    expect(await heardIn(stranger)).toEqual(['office', 'say', 'office', 'say'])
    expect(world.sandbox.alerts()).toEqual([])
    expect((await deliveriesOf('call'))[0]).toMatchObject({ state: 'queued', attempts: 1 })
  })
})

describe('WhatsApp', () => {
  const agreed: Partial<Row> = { whatsapp_opt_in_on: '2026-05-01' }
  const opened = async (person: Partial<Person>, row: Partial<Row> = {}) => {
    world = await openWorld({ today: TODAY, people: () => ({ answers: 'human', presses: ['1'], ...person }) })
    await world.register([resident({ ...agreed, ...row })])
    await world.day(TODAY)
  }

  it('brings the voice note to whoever taps "listen", as Ogg, once per tap', async () => {
    await opened({ whatsapp: 'read', taps: true })
    const got = onWhatsApp()
    expect(got).toHaveLength(2)
    expect(got[1]!.heard).toMatchObject([{ what: 'media', contentType: expect.stringMatching(/^audio\/ogg/) }])
    const [delivery] = await deliveriesOf('whatsapp')
    expect(delivery).toMatchObject({ state: 'read', reason: 'listened', attempts: 1 })
    expect(got[1]!.heard[0]!.url).toContain(`/audio/${await tokenOf(delivery!.voice_note_id)}.ogg`)
    expect((await attemptsOf(delivery!.id)).map(({ number, outcome }) => [number, outcome])).toEqual([
      [-1, 'accepted'],
      [1, 'accepted'],
    ])
    expect(calls()).toEqual([])
    await world.day('2026-06-02')
    await world.day('2026-06-03')
    expect(onWhatsApp()).toHaveLength(2)
    expect(calls()).toEqual([])
  })

  it('answers a tap at any hour, and a second tap with the note again', async () => {
    await opened({ whatsapp: 'read' })
    world.at(TODAY, '22:40')
    for (const _ of [1, 2]) {
      await world.sandbox.reply(PHONE, WHATSAPP_FROM, { buttonPayload: 'listen', buttonText: 'Listen' })
      await world.deliver()
    }
    expect(onWhatsApp().filter(({ heard }) => heard.length > 0)).toHaveLength(2)
  })

  it('stays listened to when the receipt that it was read comes after the tap', async () => {
    await opened({ whatsapp: 'delivered' })
    await world.sandbox.reply(PHONE, WHATSAPP_FROM, { buttonPayload: 'listen', buttonText: 'Listen' })
    await world.deliver()
    const sid = (await deliveriesOf('whatsapp'))[0]!.sid!
    const read = {
      kind: 'message',
      sid,
      status: 'read',
      errorCode: null,
      attemptId: null,
      raw: {},
      signature: '',
    } as const
    await storeReceipt(world.app.db, read, world.clock.now())
    await world.deliver()
    expect(await deliveriesOf('whatsapp')).toMatchObject([{ state: 'read', reason: 'listened' }])
    world.at('2026-06-02', '10:00')
    await world.deliver()
    expect(calls()).toEqual([])
  })

  it('is followed by a call when nobody taps within 24 hours', async () => {
    await opened({ whatsapp: 'read' })
    for (const time of ['07:59', '08:01', '10:00']) {
      expect(calls()).toEqual([])
      world.at('2026-06-02', time)
      await world.deliver()
    }
    expect(calls()).toHaveLength(1)
    expect(await deliveriesOf('whatsapp')).toMatchObject([{ state: 'read', reason: 'not-listened' }])
    expect(await deliveriesOf('call')).toMatchObject([{ state: 'delivered' }])
  })

  it('takes "BERHENTI" as an opt-out of WhatsApp only: the voice comes by call from then on', async () => {
    await opened({ whatsapp: 'read', taps: true })
    await world.sandbox.reply(PHONE, WHATSAPP_FROM, { body: 'Berhenti' })
    await world.deliver()
    const { opt_outs } = world.app.db.t
    const closed = await world.app.db.read.select({ channel: opt_outs.channel, via: opt_outs.via }).from(opt_outs)
    expect(closed).toEqual([{ channel: 'whatsapp', via: 'whatsapp' }])
    for (const date of ['2026-06-08', '2026-06-12']) await world.day(date)
    expect(onWhatsApp()).toHaveLength(2)
    expect(calls()).toHaveLength(1)
    expect((await deliveriesOf('sms')).length).toBe(3)
  })

  it('turns words of their own into a follow-up, once', async () => {
    await opened({ whatsapp: 'read', taps: true })
    await world.sandbox.reply(PHONE, WHATSAPP_FROM, { body: 'I am in hospital, what now?' })
    await world.deliver()
    await world.app.attend()
    await world.app.attend()
    const { follow_ups } = world.app.db.t
    const rows = await world.app.db.read.select({ kind: follow_ups.kind }).from(follow_ups)
    expect(rows).toEqual([{ kind: 'reply' }])
  })

  it.each([
    ['help', 'help whatsapp'],
    ['understood', 'understood whatsapp'],
  ])('takes the button %s as an answer', async (buttonPayload, answer) => {
    await opened({ whatsapp: 'read' })
    await world.sandbox.reply(PHONE, WHATSAPP_FROM, { buttonPayload, buttonText: buttonPayload })
    await world.deliver()
    expect(await answersGiven()).toEqual([answer])
  })

  it.each([
    ['who is not on WhatsApp (63003)', 'not-joined', 63003],
    ['whose WhatsApp is unreachable (63024)', 'absent', 63024],
  ] as const)('gives way to a call for somebody %s', async (_, whatsapp, code) => {
    await opened({ whatsapp })
    await world.day('2026-06-02')
    const [delivery] = await deliveriesOf('whatsapp')
    expect(delivery).toMatchObject({ state: 'exhausted' })
    expect(await attemptsOf(delivery!.id)).toMatchObject([{ error_code: code }])
    expect(calls()).toHaveLength(1)
    expect(await deliveriesOf('call')).toMatchObject([{ state: 'delivered' }])
  })

  it('is not used in a language without an approved template, nor for those who did not agree', async () => {
    await opened({ whatsapp: 'read' }, { language: 'de' })
    expect(onWhatsApp()).toEqual([])
    expect(calls()).toHaveLength(1)
    await world[Symbol.asyncDispose]()
    await opened({ whatsapp: 'read' }, { whatsapp_opt_in_on: '' })
    expect(onWhatsApp()).toEqual([])
    expect(calls()).toHaveLength(1)
  })
})

type Outcome = { state: string; reason?: string; attempt: Record<string, unknown>; answers: string[] }

function resident(row: Partial<Row>): Row {
  return {
    register_no: 'R1',
    full_name: 'Anna Berg',
    nationality: 'DE',
    passport_no: 'C01X00T47',
    phone: PHONE,
    language: 'en',
    regency: 'Kota Blitar',
    permit_no: 'P1',
    permit_kind: 'ITK',
    issued_on: '2026-04-16',
    expires_on: '2026-06-15',
    ...row,
  }
}

function calls(): TranscriptEntry[] {
  return world.sandbox.transcript().filter(({ kind, direction }) => kind === 'call' && direction === 'to-phone')
}

function onWhatsApp(): TranscriptEntry[] {
  return world.sandbox.transcript().filter(({ kind, direction }) => kind === 'whatsapp' && direction === 'to-phone')
}

/** What was heard, by its place in a call: `note`, a word of the template in the language of the resident, or `say`. */
async function heardIn(entry: TranscriptEntry): Promise<string[]> {
  const { voiceNotes } = world.delivery
  const english = world.app.templates.get('en')!
  const names = new Map<string, string>()
  for (const word of Object.keys(english.call) as (keyof typeof english.call)[]) {
    for (const language of ['en', 'id']) {
      const note = await voiceNotes.find(language, (template) => callScript(template, word))
      if (note && (language === 'en' || word === 'office')) names.set(note.token, word)
    }
  }
  const facts = {
    expiresOn: civilDate('2026-06-15'),
    lastFilingDay: civilDate('2026-06-15'),
    late: false,
    overstay: false,
  }
  for (const filing of ['2026-06-12', '2026-06-15'].map((date) => civilDate(date))) {
    const note = await voiceNotes.find('en', (template) =>
      voiceScript(template, { ...facts, lastFilingDay: filing, comeOn: filing, extend: 'yes' }),
    )
    if (note) names.set(note.token, 'note')
  }
  return entry.heard.map(({ what, url }) => names.get(url?.match(/\/audio\/([\w-]+)\./)?.[1] ?? '') ?? what)
}

async function deliveriesOf(channel: 'sms' | 'call' | 'whatsapp') {
  const { deliveries } = world.app.db.t
  return world.app.db.read.select().from(deliveries).where(eq(deliveries.channel, channel)).orderBy(asc(deliveries.id))
}

async function attemptsOf(deliveryId: number) {
  const { attempts } = world.app.db.t
  return world.app.db.read
    .select()
    .from(attempts)
    .where(eq(attempts.delivery_id, deliveryId))
    .orderBy(asc(attempts.number))
}

async function answersGiven(): Promise<string[]> {
  const { acknowledgements } = world.app.db.t
  const rows = await world.app.db.read.select().from(acknowledgements).orderBy(asc(acknowledgements.id))
  return rows.map(({ answer, via }) => `${answer} ${via}`)
}

async function tokenOf(noteId: number | null): Promise<string> {
  const { voice_notes } = world.app.db.t
  const [row] = await world.app.db.read
    .select({ token: voice_notes.token })
    .from(voice_notes)
    .where(eq(voice_notes.id, noteId ?? 0))
  return row!.token
}

function minutesOf(at: number): number {
  const [hours, minutes] = timeAt(at, TIME_ZONE).split(':').map(Number)
  return hours! * 60 + minutes!
}
