import { eq } from 'drizzle-orm'
import type { Db } from '../db/open.ts'
import type { Channel, DeliveryState, Role } from '../db/schema.ts'
import { addDays, type CivilDate, instantOf } from '../lib/civil-date.ts'
import { closeCase } from './case-actions.ts'
import type { CaseOutcome } from './case-rules.ts'
import { overstayPass } from './cases.ts'
import { type buildersFor, office, on, passAt } from './fixture.ts'

export const END = on('2026-06-15')

/** Sixteen permits that ended on 15 June, each for one line of the report's definitions, and two that have not by `today`. */
export async function writeHistory(world: Builders, today: CivilDate): Promise<void> {
  const add = permitsTo(world, END)

  // Told, and renewed; the only one who answered, and whose messages had attempts.
  const first = await add.noticed({ state: 'delivered' }, { regency: 'Kabupaten Tulungagung' })
  await add.renewed(first.resident.id, addDays(END, -3))
  for (const answer of ['understood', 'applied'] as const) {
    await world.answer(first.cycle.id, { answer, at: noon(addDays(END, -13)) })
  }
  const call = await world.delivery(first.notice, { phone: '+6281200990001', state: 'delivered', channel: 'call' })
  await add.attempts(first.delivery!.id, 'ID', [
    { channel: 'sms', segments: 2 },
    { channel: 'sms', segments: 1 },
  ])
  await add.attempts(call.id, 'DE', [
    { channel: 'call', seconds: 61 },
    { channel: 'call', ended: 'completed' },
    { channel: 'call', outcome: 'refused' },
  ])
  // Told, but renewed before the notice came.
  await add.renewed((await add.noticed({ state: 'delivered' })).resident.id, addDays(END, -20))
  // Told: the same permit ends later now.
  await add.extended((await add.noticed({ state: 'read' })).permit.id, addDays(END, -2))
  // Told: an application was filed; told: left.
  await world.hold((await add.noticed({ state: 'delivered' })).resident.id, { reason: 'applied' })
  await world.hold((await add.noticed({ state: 'delivered' })).resident.id, { reason: 'left' })
  // Told, and stayed; renewed much too late.
  const late = await add.noticed({ state: 'delivered' }, { regency: null })
  await world.notice(late.cycle, -1)
  // Told, and deported; told, and died.
  const deported = await add.noticed({ state: 'delivered' })
  const died = await add.noticed({ state: 'delivered' })
  // Nothing could be sent; an officer reached them by phone.
  await add.phoned(await add.noticed(null))
  // Only the sponsor; twice only attempted; never reached.
  await add.noticed({ state: 'delivered', role: 'sponsor' }, { regency: 'Kabupaten Tulungagung' })
  await add.noticed({ state: 'sent' })
  await add.noticed({ state: 'undelivered' })
  await add.noticed({ state: 'queued' })
  // Renewed, or held, before a notice was due.
  const early = await world.resident()
  await world.permit(early.id, END, { is_current: 0 })
  await add.renewed(early.id, addDays(END, -90))
  const filed = await world.resident()
  await world.permit(filed.id, END)
  await world.hold(filed.id, { reason: 'applied' })
  // In the register only after the end.
  const unknown = await world.resident()
  await world.permit(unknown.id, END, { known_since: addDays(END, 40) })
  // Not over yet.
  for (const left of [0, 30]) await world.permit((await world.resident()).id, addDays(today, left))

  await overstayPass(passAt(world.db, today))
  await add.renewed(late.resident.id, addDays(END, 30))
  await add.closed(deported.resident.id, 'deported', today)
  await add.closed(died.resident.id, 'died', today)
  await add.closed(unknown.id, 'data-error', today)
}

type Builders = ReturnType<typeof buildersFor> & { db: Db }
type Sent = { state: DeliveryState; role?: Role }
type Attempt = { channel: Channel; segments?: number; seconds?: number; ended?: string; outcome?: 'refused' }

/** Builders for permits that end on `end`. */
export function permitsTo(world: Builders, end: CivilDate) {
  const { db } = world
  const { t } = db
  return {
    /** A permit with the notice of stage 14 and, but for null, its SMS. */
    async noticed(sent: Sent | null, given: Parameters<Builders['resident']>[0] = {}) {
      const resident = await world.resident(given)
      const permit = await world.permit(resident.id, end, { issued_on: addDays(end, -300) })
      const cycle = await world.cycle(permit)
      const notice = await world.notice(cycle, 14)
      const delivery = sent && (await world.delivery(notice, { phone: '+6281200990000', ...sent }))
      return { resident, permit, cycle, notice, delivery }
    },
    /** Another permit, in the register a day after it was issued. */
    async renewed(residentId: number, issued_on: CivilDate) {
      await db.write(async (tx) => {
        await tx.update(t.permits).set({ is_current: 0 }).where(eq(t.permits.resident_id, residentId))
      })
      await world.permit(residentId, addDays(issued_on, 900), { issued_on, known_since: addDays(issued_on, 1) })
    },
    async extended(permitId: number, known_since: CivilDate) {
      const change = { expires_on: addDays(end, 400), known_since }
      await db.write(async (tx) => {
        await tx.update(t.permits).set(change).where(eq(t.permits.id, permitId))
      })
    },
    async phoned({ resident, cycle }: { resident: { id: number }; cycle: { id: number } }) {
      await db.write(async (tx) => {
        await tx.insert(t.follow_ups).values({
          resident_id: resident.id,
          kind: 'phone',
          cycle_id: cycle.id,
          cause: 'no-phone',
          due_on: end,
          opened_at: 0,
          closed_at: noon(end),
          outcome: 'reached',
        })
      })
    },
    async closed(residentId: number, outcome: CaseOutcome, today: CivilDate) {
      const { overstay_cases: cases } = t
      const [row] = await db.read.select({ id: cases.id }).from(cases).where(eq(cases.resident_id, residentId))
      await closeCase({ db, today, now: noon(today) }, { caseId: row!.id, by: 'sri', outcome })
    },
    async attempts(deliveryId: number, phone_country: string, attempts: Attempt[]) {
      await db.write(async (tx) => {
        await tx.update(t.deliveries).set({ phone_country }).where(eq(t.deliveries.id, deliveryId))
        for (const [index, attempt] of attempts.entries()) {
          await tx.insert(t.attempts).values({
            delivery_id: deliveryId,
            number: index + 1,
            worker: 'test',
            started_at: noon(addDays(end, -14)),
            outcome: 'accepted',
            ...attempt,
          })
        }
      })
    },
  }
}

export function noon(date: CivilDate): number {
  return instantOf(date, '12:00', office.timeZone)
}
