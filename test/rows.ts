import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ENCODER_SAMPLE_RATE, encodeMp3 } from '../src/compose/speech/mp3.ts'
import { encodeOggOpus } from '../src/compose/speech/ogg-opus.ts'
import type { Db } from '../src/db/open.ts'
import type { Channel, DeliveryState, Role } from '../src/db/schema.ts'
import { type CivilDate, civilDate } from '../src/lib/civil-date.ts'
import type { Clock } from '../src/lib/clock.ts'
import type { PhoneNumber } from '../src/lib/phone.ts'

/** A Monday; the usual permit ends 13 days later, on a Sunday, so the last filing day is Friday, 4 December. */
export const TODAY = civilDate('2026-11-23')

export type Telling = {
  name: string
  nationality: string
  phone: string
  language: string
  permitNo: string
  kind: string
  expiresOn: CivilDate
  stage: number
  channel: Channel
  role: Role
  state: DeliveryState
  attempts: number
  voiceNoteId: number | null
}

export type Told = {
  residentId: number
  cycleId: number
  noticeId: number
  reference: string
  deliveryId: number
  token: string
}

/** Writes what the register, the scan and the speech would have written. */
export class Rows {
  readonly #db: Db
  readonly #clock: Clock
  readonly #audioDir: string
  static #serial = 0

  constructor(db: Db, clock: Clock, audioDir = '') {
    this.#db = db
    this.#clock = clock
    this.#audioDir = audioDir
  }

  /** One resident with one permit, one notice and one delivery of it, or another notice on a delivery that is there. */
  async tell(told: Partial<Telling> = {}, sharedDeliveryId?: number): Promise<Told> {
    Rows.#serial += 1
    const serial = Rows.#serial
    const now = this.#clock.now()
    const { vault } = this.#db
    const one: Telling = {
      name: 'Maria da Silva',
      nationality: 'TL',
      phone: `+62812345${String(10_000 + serial)}`,
      language: 'id',
      permitNo: `P${serial}`,
      kind: 'ITAS',
      expiresOn: civilDate('2026-12-06'),
      stage: 14,
      channel: 'sms',
      role: 'resident',
      state: 'sent',
      attempts: 1,
      voiceNoteId: null,
      ...told,
    }
    const token = vault.token('test', serial)
    const reference = `BLT-${String(1000 + serial)}`
    return this.#db.write(async (tx) => {
      const { t } = tx
      const [resident] = await tx
        .insert(t.residents)
        .values({
          office_code: 'BLT',
          full_name: one.name,
          nationality: one.nationality,
          phone: one.phone,
          phone_index: vault.blind(one.phone, 'phone'),
          register_digest: 'x',
          created_at: now,
          updated_at: now,
        })
        .returning({ id: t.residents.id })
      const [permit] = await tx
        .insert(t.permits)
        .values({
          resident_id: resident!.id,
          office_code: 'BLT',
          permit_no: one.permitNo,
          kind: one.kind,
          expires_on: one.expiresOn,
          is_current: 1,
          register_digest: 'x',
          known_since: TODAY,
          created_at: now,
          updated_at: now,
        })
        .returning({ id: t.permits.id })
      const [cycle] = await tx
        .insert(t.cycles)
        .values({ permit_id: permit!.id, resident_id: resident!.id, expires_on: one.expiresOn, created_at: now })
        .returning({ id: t.cycles.id })
      const [notice] = await tx
        .insert(t.notices)
        .values({
          cycle_id: cycle!.id,
          stage: one.stage,
          plan_stage: one.stage,
          reference,
          created_on: TODAY,
          created_at: now,
        })
        .returning({ id: t.notices.id })
      const [delivery] =
        sharedDeliveryId !== undefined
          ? [{ id: sharedDeliveryId }]
          : await tx
              .insert(t.deliveries)
              .values({
                token_hash: vault.tokenHash(token),
                office_code: 'BLT',
                channel: one.channel,
                role: one.role,
                phone: one.phone as PhoneNumber,
                phone_index: vault.blind(one.phone, 'phone'),
                language: one.language,
                stage: one.stage,
                due_on: TODAY,
                state: one.state,
                attempts: one.attempts,
                voice_note_id: one.voiceNoteId,
                not_before: now,
                state_since: now,
                created_at: now,
              })
              .returning({ id: t.deliveries.id })
      await tx
        .insert(t.delivery_notices)
        .values({ delivery_id: delivery!.id, notice_id: notice!.id, role: one.role, channel: one.channel })
      return {
        residentId: resident!.id,
        cycleId: cycle!.id,
        noticeId: notice!.id,
        reference,
        deliveryId: delivery!.id,
        token,
      }
    })
  }

  async attempt(
    deliveryId: number,
    { sid, channel = 'call' }: { sid?: string; channel?: Channel } = {},
  ): Promise<number> {
    return this.#db.write(async (tx) => {
      const { attempts } = tx.t
      const [row] = await tx
        .insert(attempts)
        .values({
          delivery_id: deliveryId,
          number: 1,
          channel,
          worker: 'test',
          started_at: this.#clock.now(),
          outcome: 'accepted',
          sid: sid ?? null,
        })
        .returning({ id: attempts.id })
      return row!.id
    })
  }

  /** Another delivery of the same notice. */
  async tellAgain(
    told: Told,
    one: { channel: Channel; role?: Role; state: DeliveryState; attempts: number },
  ): Promise<number> {
    Rows.#serial += 1
    const { role = 'resident', channel, state, attempts } = one
    const now = this.#clock.now()
    const deliveryId = await this.#db.write(async (tx) => {
      const { deliveries } = tx.t
      const [row] = await tx
        .insert(deliveries)
        .values({
          token_hash: `again ${Rows.#serial}`,
          office_code: 'BLT',
          channel,
          role,
          phone: '+6281211112222' as PhoneNumber,
          phone_index: 'again',
          language: 'id',
          stage: 14,
          due_on: TODAY,
          state,
          attempts,
          poll_at: now,
          not_before: now,
          state_since: now,
          created_at: now,
        })
        .returning({ id: deliveries.id })
      return row!.id
    })
    await this.carry(deliveryId, told, channel, role)
    return deliveryId
  }

  /** The delivery tells this notice, too. */
  async carry(deliveryId: number, { noticeId }: Told, channel: Channel, role: Role = 'resident'): Promise<void> {
    await this.#db.write(async (tx) => {
      await tx.insert(tx.t.delivery_notices).values({ delivery_id: deliveryId, notice_id: noticeId, role, channel })
    })
  }

  /** A recording of two seconds, with its files. */
  async record(language = 'id'): Promise<{ id: number; token: string; mp3: Uint8Array; ogg: Uint8Array }> {
    Rows.#serial += 1
    const key = `note${Rows.#serial}`
    const samples = Float32Array.from({ length: 2 * ENCODER_SAMPLE_RATE }, (_, at) => 0.3 * Math.sin(at / 9))
    const tone = { samples, sampleRate: ENCODER_SAMPLE_RATE }
    const mp3 = await encodeMp3(tone)
    const ogg = encodeOggOpus(tone)
    writeFileSync(join(this.#audioDir, `${key}.mp3`), mp3)
    writeFileSync(join(this.#audioDir, `${key}.ogg`), ogg)
    const token = this.#db.vault.token('voice note', key)
    const id = await this.#db.write(async (tx) => {
      const { voice_notes } = tx.t
      const [row] = await tx
        .insert(voice_notes)
        .values({
          content_key: key,
          token,
          language,
          spoken: language,
          engine: 'espeak',
          voices: language,
          characters: 100,
          milliseconds: 2000,
          mp3_bytes: mp3.byteLength,
          mp3_digest: `mp3-${key}`,
          ogg_bytes: ogg.byteLength,
          ogg_digest: `ogg-${key}`,
          created_at: this.#clock.now(),
          last_used_on: TODAY,
        })
        .returning({ id: voice_notes.id })
      return row!.id
    })
    return { id, token, mp3, ogg }
  }
}
