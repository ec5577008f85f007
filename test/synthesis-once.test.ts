import { isNull } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareVoiceNotes } from '../src/deliver/prepare-voice.ts'
import { addDays, type CivilDate, civilDate } from '../src/lib/civil-date.ts'
import type { PhoneNumber } from '../src/lib/phone.ts'
import { silentSpeech } from './silent-speech.ts'
import { openWorld, type World } from './world.ts'

const RESIDENTS = 10_000
const TODAY = civilDate('2026-11-22')
const LANGUAGES = 'ar bn de en fil fr hi id ja ko ms my nl pt ru ta th tr ur vi'.split(' ')
const KINDS = ['ITK', 'ITAS', 'ITAP', 'VOA']
/** How many different things are said about extending them. */
const WAYS_TO_EXTEND = 2
const DATES = Array.from({ length: 3 }, (_, days) => addDays(TODAY, 12 + days))
const PAGE = 500

describe('ten thousand residents who are told on one day, in twenty languages', () => {
  let world: World
  const speech = silentSpeech({ leastSeconds: 0.05, lettersPerSecond: 10_000 })

  beforeAll(async () => {
    world = await openWorld({ today: TODAY, overrides: { speech: [speech] } })
    for (let from = 0; from < RESIDENTS; from += PAGE) await tell(from, PAGE)
  }, 60_000)
  afterAll(() => world?.[Symbol.asyncDispose]())

  it('cost at most one synthesis for each language, kind of permit and last day', async () => {
    const counts = await prepareVoiceNotes(world.delivery.deps)
    expect(counts).toEqual({ prepared: RESIDENTS, failed: 0 })
    expect(await withoutNote()).toBe(0)
    const { syntheses } = world.delivery.voiceNotes.counts
    expect(syntheses).toBeLessThanOrEqual(LANGUAGES.length * KINDS.length * DATES.length)
    expect(await notesUsed()).toBeLessThanOrEqual(LANGUAGES.length * WAYS_TO_EXTEND * DATES.length)
    expect(await notesUsed()).toBeGreaterThan(10 * WAYS_TO_EXTEND * DATES.length)
    // English and Indonesian are spoken one after the other where no voice is fit; no words are spoken twice for one note.
    expect(speech.spoken.length).toBeLessThan(syntheses * 2)
  })

  it('cost nothing more when it is done again', async () => {
    const spoken = speech.spoken.length
    await world.app.db.write(async (tx) => {
      await tx.update(tx.t.deliveries).set({ voice_note_id: null })
    })
    expect(await prepareVoiceNotes(world.delivery.deps)).toEqual({ prepared: RESIDENTS, failed: 0 })
    expect(await prepareVoiceNotes(world.delivery.deps)).toEqual({ prepared: 0, failed: 0 })
    expect(speech.spoken.length).toBe(spoken)
  })

  async function withoutNote(): Promise<number> {
    const { deliveries } = world.app.db.t
    return world.app.db.read.$count(deliveries, isNull(deliveries.voice_note_id))
  }

  async function notesUsed(): Promise<number> {
    const { deliveries } = world.app.db.t
    const rows = await world.app.db.read.selectDistinct({ id: deliveries.voice_note_id }).from(deliveries)
    return rows.length
  }

  /** What the register and the scan would have written: one notice each, by call. */
  async function tell(from: number, count: number): Promise<void> {
    const { db, clock } = world.app
    const now = clock.now()
    const people = Array.from({ length: count }, (_, i) => personOf(from + i))
    await db.write(async (tx) => {
      const { residents, permits, cycles, notices, deliveries, delivery_notices } = tx.t
      const stamp = { created_at: now, updated_at: now, register_digest: 'x' }
      await tx.insert(residents).values(
        people.map(({ id, phone }) => ({
          id,
          office_code: 'BLT',
          full_name: `Resident ${id}`,
          nationality: 'XX',
          phone,
          phone_index: db.vault.blind(phone, 'phone'),
          ...stamp,
        })),
      )
      await tx.insert(permits).values(
        people.map(({ id, kind, expiresOn }) => ({
          id,
          resident_id: id,
          office_code: 'BLT',
          permit_no: `P${id}`,
          kind,
          expires_on: expiresOn,
          is_current: 1,
          known_since: TODAY,
          ...stamp,
        })),
      )
      await tx.insert(cycles).values(
        people.map(({ id, expiresOn }) => ({
          id,
          permit_id: id,
          resident_id: id,
          expires_on: expiresOn,
          created_at: now,
        })),
      )
      await tx.insert(notices).values(
        people.map(({ id }) => ({
          id,
          cycle_id: id,
          stage: 14,
          plan_stage: 14,
          reference: `BLT-${id}`,
          created_on: TODAY,
          created_at: now,
        })),
      )
      await tx.insert(deliveries).values(
        people.map(({ id, phone, language }) => ({
          id,
          token_hash: `call ${id}`,
          office_code: 'BLT',
          channel: 'call' as const,
          role: 'resident' as const,
          phone,
          phone_index: db.vault.blind(phone, 'phone'),
          language,
          stage: 14,
          due_on: TODAY,
          state: 'queued' as const,
          not_before: now,
          state_since: now,
          created_at: now,
        })),
      )
      await tx.insert(delivery_notices).values(
        people.map(({ id }) => ({
          delivery_id: id,
          notice_id: id,
          role: 'resident' as const,
          channel: 'call' as const,
        })),
      )
    })
  }
})

type Someone = { id: number; phone: PhoneNumber; language: string; kind: string; expiresOn: CivilDate }

/** Everything with everything: languages, kinds and dates in every mixture. */
function personOf(number: number): Someone {
  const id = number + 1
  return {
    id,
    phone: `+628110${String(id).padStart(6, '0')}` as PhoneNumber,
    language: LANGUAGES[id % LANGUAGES.length]!,
    kind: KINDS[Math.floor(id / LANGUAGES.length) % KINDS.length]!,
    expiresOn: DATES[Math.floor(id / LANGUAGES.length / KINDS.length) % DATES.length]!,
  }
}
