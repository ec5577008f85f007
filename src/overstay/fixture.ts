import { join } from 'node:path'
import type { Db, Tx } from '../db/open.ts'
import type { Channel, DeliveryState, Role } from '../db/schema.ts'
import { openTestDb, testVault } from '../db/testing.ts'
import { addDays, type CivilDate, civilDate, instantOf } from '../lib/civil-date.ts'
import { silentLog } from '../lib/events.ts'
import { loadOffice } from '../lib/office.ts'
import { officesOf, onlyOffice } from '../lib/offices.ts'
import type { PhoneNumber } from '../lib/phone.ts'

export const office = await loadOffice(join(import.meta.dirname, '../../templates/office.yaml'))
/** Others are there too, and not looked at. */
export const offices = onlyOffice(officesOf([office, { ...office, code: 'SUB' }]), 'BLT')
export const vault = testVault

export function on(text: string): CivilDate {
  return civilDate(text)
}

/** 06:00 at the office: when the passes run. */
export function morning(date: CivilDate): number {
  return instantOf(date, '06:00', office.timeZone)
}

export function passAt(db: Db, today: CivilDate) {
  return { db, log: silentLog, offices, today, now: morning(today) }
}

/** A database of its own, and builders for its rows. */
export async function openWorld() {
  const db = await openTestDb()
  return { db, ...buildersFor(db), [Symbol.asyncDispose]: () => db[Symbol.asyncDispose]() }
}

type T = Db['t']
type Given<Name extends keyof T> = Partial<T[Name]['$inferInsert']>

/** Builders for the rows that other rooms write; phones and permit numbers count up. */
export function buildersFor(db: Db) {
  const { t, vault } = db
  let serial = 0
  const add = async <Row>(work: (tx: Tx) => Promise<Row[]>): Promise<Row> => (await db.write(work))[0]!

  const resident = (given: Given<'residents'> = {}) => {
    const phone = 'phone' in given ? given.phone : `+62812000${String(++serial).padStart(5, '0')}`
    const row = {
      office_code: 'BLT',
      full_name: `WNA ${++serial}`,
      nationality: 'DE',
      regency: 'Kota Blitar',
      phone_line: 'mobile' as const,
      register_digest: 'x',
      created_at: 0,
      updated_at: 0,
      ...given,
      phone: phone ?? null,
      phone_index: phone ? vault.blind(phone, 'phone') : null,
      sponsor_phone_index: given.sponsor_phone ? vault.blind(given.sponsor_phone, 'phone') : null,
    }
    return add((tx) => tx.insert(t.residents).values(row).returning())
  }

  const permit = (resident_id: number, expires_on: CivilDate, given: Given<'permits'> = {}) =>
    add((tx) =>
      tx
        .insert(t.permits)
        .values({
          resident_id,
          office_code: 'BLT',
          permit_no: `P-${++serial}`,
          kind: 'ITAS',
          expires_on,
          is_current: 1,
          known_since: addDays(expires_on, -300),
          register_digest: 'x',
          created_at: 0,
          updated_at: 0,
          ...given,
        })
        .returning(),
    )

  const hold = (resident_id: number, given: Given<'holds'> = {}) =>
    add((tx) =>
      tx
        .insert(t.holds)
        .values({ resident_id, reason: 'applied', set_by: 'sri', set_at: 0, ...given })
        .returning(),
    )

  const cycle = (permit: { id: number; resident_id: number; expires_on: CivilDate }) =>
    add((tx) =>
      tx
        .insert(t.cycles)
        .values({ permit_id: permit.id, resident_id: permit.resident_id, expires_on: permit.expires_on, created_at: 0 })
        .returning(),
    )

  const notice = (cycle: { id: number; expires_on: CivilDate }, stage: number, created_on?: CivilDate) => {
    const day = created_on ?? addDays(cycle.expires_on, -stage)
    const row = { cycle_id: cycle.id, stage, plan_stage: stage, created_on: day, created_at: morning(day) }
    return add((tx) =>
      tx
        .insert(t.notices)
        .values({ ...row, reference: `BLT-${++serial}` })
        .returning(),
    )
  }

  const delivery = async (
    notice: { id: number; stage: number; created_on: CivilDate },
    to: {
      phone: string
      state: DeliveryState
      channel?: Channel
      role?: Role
      at?: number
      sid?: string
      attempts?: number
    },
  ) => {
    const { phone, state, channel = 'sms', role = 'resident', at = morning(notice.created_on) } = to
    const row = await add((tx) =>
      tx
        .insert(t.deliveries)
        .values({
          token_hash: `t${++serial}`,
          office_code: 'BLT',
          channel,
          role,
          phone: phone as PhoneNumber,
          phone_index: vault.blind(phone, 'phone'),
          language: 'en',
          stage: notice.stage,
          due_on: notice.created_on,
          state,
          not_before: at,
          attempts: to.attempts ?? (state === 'queued' ? 0 : 1),
          sid: to.sid ?? null,
          state_since: at,
          created_at: at,
        })
        .returning(),
    )
    await add((tx) =>
      tx.insert(t.delivery_notices).values({ delivery_id: row.id, notice_id: notice.id, role, channel }).returning(),
    )
    return row
  }

  const answer = (
    cycle_id: number,
    given: Pick<T['acknowledgements']['$inferInsert'], 'answer' | 'at'> & Given<'acknowledgements'>,
  ) =>
    add((tx) =>
      tx
        .insert(t.acknowledgements)
        .values({ cycle_id, role: 'resident', via: 'page', ...given })
        .returning(),
    )

  const optOut = (phone: string, channels: Channel[]) =>
    db.write(async (tx) => {
      const rows = channels.map((channel) => ({ phone_index: vault.blind(phone, 'phone'), channel, since: 0 }))
      await tx.insert(t.opt_outs).values(rows.map((row) => ({ ...row, via: 'counter' as const })))
    })

  const dead = (phone: string, channels: Channel[]) =>
    db.write(async (tx) => {
      const rows = channels.map((channel) => ({ phone_index: vault.blind(phone, 'phone'), channel, since: 0 }))
      await tx.insert(t.dead_numbers).values(rows.map((row) => ({ ...row, error_code: 30005 })))
    })

  const reply = (from: string, body: string, given: Given<'receipts'> = {}) =>
    add((tx) =>
      tx
        .insert(t.receipts)
        .values({
          kind: 'reply',
          sid: `SM${++serial}`,
          status: 'text',
          raw: JSON.stringify({ From: from, Body: body }),
          signature: 's',
          digest: `d${serial}`,
          received_at: 0,
          ...given,
        })
        .returning(),
    )

  return { resident, permit, hold, cycle, notice, delivery, answer, optOut, dead, reply }
}

export type World = Awaited<ReturnType<typeof openWorld>>
