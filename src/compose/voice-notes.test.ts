import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { wav } from '../../test/audio.ts'
import { openRecording, type Recording } from '../../test/recording.ts'
import { shortHum, silentSpeech } from '../../test/silent-speech.ts'
import { addDays, civilDate } from '../lib/civil-date.ts'
import { silentLog } from '../lib/events.ts'
import { type Behaviour, type FakeGoogle, grpcGoogle } from './speech/fake-google.ts'
import { googleSpeech } from './speech/google.ts'
import type { Speech } from './speech/port.ts'
import { type Speak, VoiceNotes } from './voice-notes.ts'
import { callScript, type VoiceFacts, voiceScript } from './words.ts'

const TODAY = civilDate('2026-11-22')
const NOW = Date.UTC(2026, 10, 22, 1)
const AT = { now: NOW, today: TODAY }
const SOUND = wav({ hertz: 440, seconds: 1 })

describe('while Google speaks', () => {
  it('each note is spoken by Google, in the one voice of its template', async () => {
    await using room = await openRoom(SOUND)
    const made = await room.voiceNotes.ensure('th', noteOn(14), AT)
    expect(made).toMatchObject({ ok: true, fresh: true, failed: null, note: { language: 'th', spoken: 'th' } })
    const { google } = room.templates.get('th')!.voices
    expect(await room.rows()).toMatchObject([{ engine: 'google', voices: google!.name }])
    expect(room.espeak.spoken).toEqual([])
  })
})

describe.each<[string, Behaviour, string]>([
  ['is out of quota', { code: 8, message: 'Quota exceeded' }, 'quota'],
  ['is unavailable', { code: 14, message: 'The service is currently unavailable' }, 'unavailable'],
  ['does not answer', 'silence', 'deadline'],
  ['refuses the credentials', { code: 16, message: 'Invalid credentials' }, 'credentials'],
])('while Google %s', (_, behaviour, reason) => {
  it('the embedded voice takes over where it is fit, else in English and Indonesian, and the record says so', async () => {
    await using room = await openRoom(behaviour)
    const german = await room.voiceNotes.ensure('de', noteOn(14), AT)
    const thai = await room.voiceNotes.ensure('th', noteOn(14), AT)
    expect(german).toMatchObject({ ok: true, note: { spoken: 'de' }, failed: { engine: 'google', reason } })
    expect(thai).toMatchObject({ ok: true, note: { spoken: 'en,id' }, failed: { engine: 'google', reason } })
    expect(await room.rows()).toMatchObject([
      { language: 'de', engine: 'espeak', voices: 'de' },
      { language: 'th', engine: 'espeak', voices: 'en-us,id' },
    ])
  })
})

describe('a failing engine', () => {
  it('is asked again for the next note, and its voice then stands in front of the one that helped out', async () => {
    const google = switched()
    await using room = await openRoom('silence', [google, shortHum()])
    google.behaviour = 'unavailable'
    await room.voiceNotes.ensure('de', noteOn(14), AT)
    google.behaviour = 'speaks'
    const again = await room.voiceNotes.ensure('de', noteOn(14), AT)
    expect(again).toMatchObject({ ok: true, fresh: true, failed: null })
    expect((await room.rows()).map((row) => row.engine)).toEqual(['espeak', 'google'])
    const found = await room.voiceNotes.find('de', noteOn(14))
    expect(found?.id).toBe(again.ok && again.note.id)
  })

  it('rests for ten minutes after three faults in a row, while what it made before is still used', async () => {
    const google = switched()
    await using room = await openRoom('silence', [google, shortHum()])
    const ensure = (days: number, minutes = 0) =>
      room.voiceNotes.ensure('de', noteOn(days), { ...AT, now: NOW + minutes * 60_000 })
    await ensure(0)
    google.behaviour = 'unavailable'
    for (const days of [1, 2, 3, 4, 5]) expect(await ensure(days)).toMatchObject({ failed: { reason: 'unavailable' } })
    expect(google.asked).toBe(4)
    google.behaviour = 'speaks'
    expect(await ensure(6, 9)).toMatchObject({ failed: { reason: 'unavailable' } })
    expect(await ensure(0, 9)).toMatchObject({ fresh: false, failed: null })
    expect(await ensure(7, 10)).toMatchObject({ fresh: true, failed: null })
    expect(google.asked).toBe(5)
  })

  it('is not put to rest by words that it refuses', async () => {
    const google = switched()
    await using room = await openRoom('silence', [google, shortHum()])
    google.behaviour = 'refused'
    for (const days of [1, 2, 3, 4, 5]) await room.voiceNotes.ensure('de', noteOn(days), AT)
    expect(google.asked).toBe(5)
  })

  it('gives its fault back when no other engine can speak, and leaves nothing behind', async () => {
    await using room = await openRoom({ code: 8, message: 'Quota exceeded' }, [])
    const made = await room.voiceNotes.ensure('de', noteOn(14), AT)
    expect(made).toMatchObject({ ok: false, failed: { engine: 'google', reason: 'quota' } })
    expect(await room.rows()).toEqual([])
    expect(readdirSync(room.dir)).toEqual([])
    expect(await room.voiceNotes.find('de', noteOn(14))).toBeNull()
  })
})

describe('a voice note', () => {
  it('is spoken once, however often and however simultaneously it is asked for', async () => {
    await using room = await openRoom('silence', [shortHum()], { google: false })
    const made = await Promise.all([1, 2, 3].map(() => room.voiceNotes.ensure('de', noteOn(14), AT)))
    made.push(await room.voiceNotes.ensure('de', noteOn(14), { ...AT, today: addDays(TODAY, 1) }))
    expect(new Set(made.map((one) => one.ok && one.note.id)).size).toBe(1)
    expect(room.voiceNotes.counts.syntheses).toBe(1)
    expect(await room.rows()).toMatchObject([{ last_used_on: addDays(TODAY, 1) }])
  })

  it('has other words for other dates, and one file for all languages that English and Indonesian stand in for', async () => {
    await using room = await openRoom('silence', [shortHum()], { google: false })
    for (const [language, days] of [
      ['de', 14],
      ['de', 13],
      ['th', 14],
      ['sw', 14],
    ] as const) {
      await room.voiceNotes.ensure(language, noteOn(days), AT)
    }
    expect((await room.rows()).map((row) => row.spoken)).toEqual(['de', 'de', 'en,id'])
  })

  it('whose files were lost is made again, and the record describes the new files', async () => {
    await using room = await openRoom('silence', [shortHum()], { google: false })
    const first = await room.voiceNotes.ensure('de', greeting, AT)
    rmSync(room.dir, { recursive: true })
    const slower = [silentSpeech({ lettersPerSecond: 20 })]
    const { dir } = room
    const again = await new VoiceNotes({ ...room, engines: slower, log: silentLog }).ensure('de', greeting, AT)
    expect(again.ok && first.ok && again.note.token).toBe(first.ok && first.note.token)
    const [row, ...others] = await room.rows()
    expect(others).toEqual([])
    const mp3 = readFileSync(join(dir, `${row!.content_key}.mp3`))
    expect(row).toMatchObject({ mp3_bytes: mp3.byteLength, mp3_digest: createHash('sha256').update(mp3).digest('hex') })
    expect(again.ok && again.note.milliseconds).toBe(row!.milliseconds)
  })
})

const greeting: Speak = (template) => callScript(template, 'greeting')

function noteOn(daysFromToday: number): Speak {
  const expiresOn = addDays(TODAY, daysFromToday)
  const facts: VoiceFacts = {
    expiresOn,
    lastFilingDay: addDays(expiresOn, -1),
    comeOn: expiresOn,
    late: false,
    extend: 'yes',
    overstay: false,
  }
  return (template) => voiceScript(template, facts)
}

type Room = Recording & { espeak: ReturnType<typeof silentSpeech>; rows: () => Promise<Rows> }
type Rows = Awaited<ReturnType<typeof rowsOf>>

/** Google that behaves so, then the other engines; the embedded one by default. */
async function openRoom(behaviour: Behaviour, others?: Speech[], { google = true } = {}): Promise<Room> {
  const fake: FakeGoogle | undefined =
    google && !others?.some(({ engine }) => engine === 'google') ? await grpcGoogle(behaviour) : undefined
  const espeak = shortHum()
  const first = fake ? [googleSpeech({ endpoint: fake.endpoint, timeoutMs: 500 })] : []
  const recording = await openRecording(() => [...first, ...(others ?? [espeak])])
  return {
    ...recording,
    espeak,
    rows: () => rowsOf(recording),
    async [Symbol.asyncDispose]() {
      await recording[Symbol.asyncDispose]()
      await fake?.[Symbol.asyncDispose]()
    },
  }
}

function rowsOf({ db }: Recording) {
  const { voice_notes } = db.t
  return db.read.select().from(voice_notes).orderBy(voice_notes.id)
}

type Switched = Speech & { behaviour: 'speaks' | 'unavailable' | 'refused'; asked: number }

/** An engine in Google's place whose behaviour can change between two requests. */
function switched(): Switched {
  const voice = shortHum()
  const engine: Switched = {
    engine: 'google',
    behaviour: 'speaks',
    asked: 0,
    async speak(utterance) {
      engine.asked += 1
      if (engine.behaviour === 'speaks') return voice.speak(utterance)
      return { ok: false, reason: engine.behaviour, message: 'as the test wants it' }
    },
    [Symbol.asyncDispose]: () => voice[Symbol.asyncDispose](),
  }
  return engine
}
