import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { addDays, type CivilDate } from '../lib/civil-date.ts'
import { officesOf } from '../lib/offices.ts'
import { attendPass } from './attend.ts'
import { recordContact } from './case-actions.ts'
import { overstayPass } from './cases.ts'
import { morning, office, on, openWorld, passAt, vault, type World } from './fixture.ts'
import { closeFollowUp } from './follow-ups.ts'

const today = on('2026-11-10')
const inDays = (days: number) => addDays(today, days)
const none = { phone: 0, number: 0, identity: 0, reply: 0, 'hold-ended': 0, kind: 0, answer: 0, confirmed: 0 }

function attend(world: World, date: CivilDate = today) {
  return attendPass(passAt(world.db, date))
}

async function followUps({ db }: World) {
  return db.read.select().from(db.t.follow_ups).orderBy(db.t.follow_ups.id)
}

async function told(
  world: World,
  given: { daysLeft: number; stage?: number; phone?: string; birth_date?: CivilDate; kind?: string },
) {
  const {
    daysLeft,
    stage = 14,
    phone = `+62811${String(Math.abs(daysLeft)).padStart(6, '0')}`,
    birth_date = null,
  } = given
  const resident = await world.resident({ phone, birth_date })
  const permit = await world.permit(resident.id, inDays(daysLeft), { kind: given.kind ?? 'ITAS' })
  const cycle = await world.cycle(permit)
  const notice = await world.notice(cycle, stage)
  return { phone, resident, permit, cycle, notice }
}

it('the attend pass finds every cause, once, due on a working day', async () => {
  await using world = await openWorld()
  const { db } = world
  const silent = await told(world, { daysLeft: 7 })
  await world.delivery(silent.notice, { phone: silent.phone, state: 'sent' })
  const refused = await told(world, { daysLeft: 13, kind: 'KAPAL' })
  const failed = await world.delivery(refused.notice, { phone: refused.phone, state: 'exhausted' })
  await db.write((tx) =>
    tx.insert(tx.t.attempts).values({
      delivery_id: failed.id,
      number: 1,
      channel: 'sms',
      worker: 'w',
      started_at: 0,
      outcome: 'refused',
      verdict: 'recipient',
    }),
  )
  const dead = await world.resident({ phone: '+628177' })
  await world.dead('+628177', ['sms', 'call', 'whatsapp'])
  const doubted = await world.resident({ identity_doubt: 'permits' })
  const answered = await told(world, { daysLeft: 5 })
  await world.delivery(answered.notice, { phone: answered.phone, state: 'delivered' })
  const help = await world.answer(answered.cycle.id, { answer: 'help', at: morning(today) })
  const text = await world.reply(`whatsapp:${answered.phone}`, 'apa ini?', {
    received_at: morning(today),
    applied_at: morning(today),
  })
  const held = await world.resident()
  await world.permit(held.id, inDays(20))
  const hold = await world.hold(held.id, { until_on: inDays(-1), set_at: morning(inDays(-30)) })

  const closed = [today, inDays(1)].map((date) => ({ date, name: 'libur', joint: false, confirmed: true }))
  const holidays = [{ year: 2026, confirmed: true, days: closed }]
  const deps = { ...passAt(db, today), offices: officesOf([{ ...office, holidays }]) }
  const expected = { ...none, phone: 2, number: 2, identity: 1, reply: 1, 'hold-ended': 1, kind: 1, answer: 1 }
  expect(await attendPass(deps)).toEqual(expected)
  expect(await attendPass(deps)).toEqual(none)
  const rows = await followUps(world)
  expect(rows.map(({ kind, resident_id, cycle_id, cause }) => [kind, resident_id, cycle_id, cause])).toEqual([
    ['phone', silent.resident.id, silent.cycle.id, 'unconfirmed'],
    ['phone', refused.resident.id, refused.cycle.id, 'unreachable'],
    ['number', refused.resident.id, 0, `number:${vault.blind(refused.phone, 'phone')}`],
    ['kind', refused.resident.id, refused.cycle.id, 'kind:KAPAL'],
    ['answer', answered.resident.id, answered.cycle.id, `ack:${help.id}`],
    ['number', dead.id, 0, `number:${vault.blind('+628177', 'phone')}`],
    ['identity', doubted.id, 0, 'permits'],
    ['reply', answered.resident.id, answered.cycle.id, `receipt:${text.id}`],
    ['hold-ended', held.id, 0, `hold:${hold.id}`],
  ])
  for (const row of rows) expect(row).toMatchObject({ due_on: inDays(2), opened_at: morning(today), closed_at: null })
})

describe('phone', () => {
  const officer = (world: World, date: CivilDate) => ({ db: world.db, now: morning(date) + 1, today: date })

  it('opens for the next reason after an officer closed the first, and never twice for one', async () => {
    await using world = await openWorld()
    const { notice, phone } = await told(world, { daysLeft: 14 })
    await world.delivery(notice, { phone, state: 'exhausted' })
    expect(await attend(world)).toEqual({ ...none, phone: 1 })
    await closeFollowUp(officer(world, today), { id: 1, by: 'sri', outcome: 'not-reached' })
    expect(await attend(world, inDays(6))).toEqual(none)
    expect(await attend(world, inDays(7))).toEqual({ ...none, phone: 1 })
    await closeFollowUp(officer(world, inDays(7)), { id: 2, by: 'sri', outcome: 'not-reached' })
    expect(await attend(world, inDays(8))).toEqual(none)
    expect((await followUps(world)).map((row) => row.cause)).toEqual(['unreachable', 'unconfirmed'])
  })

  it('is not asked for again once an officer has reached the resident', async () => {
    await using world = await openWorld()
    const { notice, phone } = await told(world, { daysLeft: 14 })
    await world.delivery(notice, { phone, state: 'exhausted' })
    await attend(world)
    await closeFollowUp(officer(world, today), { id: 1, by: 'sri', outcome: 'reached' })
    expect(await attend(world, inDays(10))).toEqual(none)
  })

  it('closes by itself when a receipt, an answer or an officer’s contact comes, and only then', async () => {
    await using world = await openWorld()
    const { deliveries } = world.db.t
    const four: (Awaited<ReturnType<typeof told>> & { delivery: { id: number } })[] = []
    for (const daysLeft of [7, 6, -2, 5]) {
      const one = await told(world, { daysLeft })
      four.push({ ...one, delivery: await world.delivery(one.notice, { phone: one.phone, state: 'sent' }) })
    }
    expect(await attend(world)).toEqual({ ...none, phone: 4 })
    await world.db.write((tx) =>
      tx
        .update(deliveries)
        .set({ state: 'delivered', state_since: morning(today) + 5 })
        .where(eq(deliveries.id, four[0]!.delivery.id)),
    )
    await world.answer(four[1]!.cycle.id, { answer: 'understood', at: morning(today) + 5 })
    await overstayPass(passAt(world.db, today))
    await recordContact(officer(world, today), { caseId: 1, by: 'sri', channel: 'phone', text: 'sakit' })
    expect(await attend(world, inDays(1))).toEqual({ ...none, confirmed: 3 })
    const rows = await followUps(world)
    const open = rows.filter((row) => row.closed_at === null)
    expect(open.map((row) => row.resident_id)).toEqual([four[3]!.resident.id])
    expect(rows.find((row) => row.resident_id === four[0]!.resident.id)).toMatchObject({
      closed_by: 'tenggat',
      outcome: 'confirmed',
      closed_at: morning(inDays(1)),
    })
  })

  it('asks for a phone as soon as a notice is due to somebody without one, whatever the sponsor got', async () => {
    await using world = await openWorld()
    const resident = await world.resident({ phone: null, sponsor_phone: '+62812' })
    const cycle = await world.cycle(await world.permit(resident.id, inDays(60)))
    expect(await attend(world)).toEqual(none)
    await world.delivery(await world.notice(cycle, 60), { phone: '+62812', state: 'delivered', role: 'sponsor' })
    expect(await attend(world)).toEqual({ ...none, phone: 1 })
    expect(await followUps(world)).toMatchObject([{ cause: 'no-phone', cycle_id: cycle.id }])
  })

  it('lets the sponsor stand in for a minor', async () => {
    await using world = await openWorld()
    const { notice } = await told(world, { daysLeft: 7, birth_date: on('2012-01-01') })
    await world.delivery(notice, { phone: '+62813', state: 'delivered', role: 'sponsor' })
    expect(await attend(world)).toEqual(none)
    const orphan = await world.resident({ phone: '+62899', birth_date: on('2012-01-01') })
    await world.notice(await world.cycle(await world.permit(orphan.id, inDays(30))), 30)
    expect(await attend(world)).toEqual({ ...none, phone: 1 })
    expect(await followUps(world)).toMatchObject([{ resident_id: orphan.id, cause: 'no-phone' }])
  })

  it('opens for who opted out of every channel, even after a message had arrived', async () => {
    await using world = await openWorld()
    const { notice, phone } = await told(world, { daysLeft: 12 })
    await world.delivery(notice, { phone, state: 'delivered' })
    await world.optOut(phone, ['sms'])
    expect(await attend(world)).toEqual(none)
    await world.optOut(phone, ['call', 'whatsapp'])
    expect(await attend(world)).toEqual({ ...none, phone: 1 })
    expect(await attend(world, inDays(1))).toEqual(none)
    expect(await followUps(world)).toMatchObject([{ cause: 'opted-out', closed_at: null }])
  })

  it('leaves alone who is held, renewed, another office’s, long over, or has had no notice', async () => {
    await using world = await openWorld()
    const held = await told(world, { daysLeft: 7 })
    await world.hold(held.resident.id)
    const renewed = await told(world, { daysLeft: 6 })
    const elsewhere = await told(world, { daysLeft: 5 })
    await told(world, { daysLeft: -15 })
    await world.cycle(await world.permit((await world.resident()).id, inDays(4)))
    const { permits } = world.db.t
    await world.db.write(async (tx) => {
      await tx
        .update(permits)
        .set({ expires_on: inDays(300) })
        .where(eq(permits.id, renewed.permit.id))
      await tx.update(permits).set({ office_code: 'SUB' }).where(eq(permits.id, elsewhere.permit.id))
    })
    expect(await attend(world)).toEqual(none)
  })

  it('goes through more cycles than one page holds', async () => {
    await using world = await openWorld()
    const { cycles, notices, permits } = world.db.t
    const { id: resident_id } = await world.resident()
    const permit = await world.permit(resident_id, inDays(7))
    await world.db.write(async (tx) => {
      const rows = Array.from({ length: 1200 }, (_, n) => ({ ...permit, id: 10 + n, permit_no: `Q${n}` }))
      await tx.insert(permits).values(rows)
      await tx
        .insert(cycles)
        .values(rows.map(({ id, expires_on }) => ({ id, permit_id: id, resident_id, expires_on, created_at: 0 })))
      const notice = { stage: 14, plan_stage: 14, created_on: inDays(-7), created_at: 0 }
      await tx.insert(notices).values(rows.map(({ id }) => ({ ...notice, cycle_id: id, reference: `R${id}` })))
    })
    expect(await attend(world)).toEqual({ ...none, phone: 1200 })
    expect(await attend(world)).toEqual(none)
  })
})

describe('number', () => {
  it('asks once per number, and again for the next one', async () => {
    await using world = await openWorld()
    const { residents } = world.db.t
    const { id } = await world.resident({ phone: '+62801' })
    await world.dead('+62801', ['call'])
    expect(await attend(world)).toEqual({ ...none, number: 1 })
    await closeFollowUp({ db: world.db, now: 1 }, { id: 1, by: 'sri', outcome: 'number-corrected' })
    expect(await attend(world)).toEqual(none)
    const phone_index = vault.blind('+62802', 'phone')
    await world.db.write((tx) => tx.update(residents).set({ phone: '+62802', phone_index }).where(eq(residents.id, id)))
    await world.dead('+62802', ['sms', 'call'])
    expect(await attend(world)).toEqual({ ...none, number: 1 })
  })

  it('leaves landlines without SMS, people without WhatsApp, and sponsors who are not needed', async () => {
    await using world = await openWorld()
    await world.resident({ phone: '+62342', phone_line: 'fixed' })
    await world.dead('+62342', ['sms'])
    await world.resident({ phone: '+62811' })
    await world.dead('+62811', ['whatsapp'])
    await world.resident({ phone: '+62812', sponsor_phone: '+62666' })
    const { id } = await world.resident({ phone: null, sponsor_phone: '+62666' })
    await world.dead('+62666', ['sms', 'call'])
    expect(await attend(world)).toEqual({ ...none, number: 1 })
    expect(await followUps(world)).toMatchObject([{ resident_id: id, kind: 'number' }])
  })
})

describe('answer', () => {
  it('follows what was applied for in time, who leaves and who asks, also through a sponsor', async () => {
    await using world = await openWorld()
    const given = async (daysLeft: number, answer: 'applied' | 'leaving' | 'help' | 'understood', on: CivilDate) => {
      const { resident, cycle, notice, phone } = await told(world, { daysLeft })
      await world.delivery(notice, { phone, state: 'delivered' })
      await world.answer(cycle.id, { answer, at: morning(on) })
      return resident.id
    }
    const inTime = await given(-1, 'applied', inDays(-1))
    await given(-2, 'applied', inDays(-1))
    const leaving = await given(4, 'leaving', today)
    await given(5, 'understood', today)
    const filed = await given(6, 'applied', today)
    await world.hold(filed)
    const helpless = await given(-20, 'help', today)
    expect(await attend(world)).toEqual({ ...none, answer: 3 })
    expect((await followUps(world)).map((row) => row.resident_id).sort((a, b) => a - b)).toEqual([
      inTime,
      leaving,
      helpless,
    ])
  })

  it('waits with a second answer of a cycle until the first is done', async () => {
    await using world = await openWorld()
    const { cycle, notice, phone } = await told(world, { daysLeft: 10 })
    await world.delivery(notice, { phone, state: 'delivered' })
    await world.answer(cycle.id, { answer: 'help', at: morning(today) })
    await world.answer(cycle.id, { answer: 'leaving', at: morning(today), role: 'sponsor' })
    expect(await attend(world)).toEqual({ ...none, answer: 1 })
    await closeFollowUp({ db: world.db, now: 1 }, { id: 1, by: 'sri', outcome: 'advised' })
    expect(await attend(world)).toEqual({ ...none, answer: 1 })
    expect((await followUps(world)).map((row) => row.cause)).toEqual(['ack:1', 'ack:2'])
  })
})

describe('reply', () => {
  const at = morning(today)

  it('goes to whom the answered message told, else to whom the number belongs', async () => {
    await using world = await openWorld()
    const first = await told(world, { daysLeft: 40, stage: 60, phone: '+62855' })
    const second = await told(world, { daysLeft: 12, phone: '+62855' })
    await world.delivery(first.notice, { phone: '+62855', state: 'read', sid: 'SMfirst' })
    await world.delivery(second.notice, { phone: '+62855', state: 'read', sid: 'SMsecond' })
    const untold = await world.resident({ phone: '+62856' })
    const sponsored = await world.resident({ sponsor_phone: '+62857' })
    const given = { received_at: at, applied_at: at }
    await world.reply('whatsapp:+62855', 'ya', given)
    const raw = { From: 'whatsapp:+62855', Body: 'ini', OriginalRepliedMessageSid: 'SMfirst' }
    await world.reply('x', 'x', { ...given, raw: JSON.stringify(raw) })
    await world.reply('+62856', 'halo', given)
    await world.reply('+62857', 'halo', given)
    await world.reply('+62999', 'siapa?', given)
    await world.reply('+62856', 'STOP', { ...given, status: 'optout' })
    expect(await attend(world)).toEqual({ ...none, reply: 4 })
    expect((await followUps(world)).map((row) => [row.resident_id, row.cycle_id, row.cause])).toEqual([
      [second.resident.id, second.cycle.id, 'receipt:1'],
      [first.resident.id, first.cycle.id, 'receipt:2'],
      [untold.id, 0, 'receipt:3'],
      [sponsored.id, 0, 'receipt:4'],
    ])
    await world.delivery(await world.notice(second.cycle, 7), { phone: '+62855', state: 'read', at: at + 9 })
    expect(await attend(world, inDays(1))).toMatchObject({ reply: 0 })
  })

  it('waits until the receipt is merged', async () => {
    await using world = await openWorld()
    await world.resident({ phone: '+62855' })
    await world.reply('+62855', 'ya', { received_at: at })
    expect(await attend(world)).toEqual(none)
    await world.db.write((tx) => tx.update(tx.t.receipts).set({ applied_at: at }))
    expect(await attend(world)).toEqual({ ...none, reply: 1 })
  })
})

describe('hold-ended', () => {
  it('opens the day after the last day, unless lifted, held anew or renewed meanwhile', async () => {
    await using world = await openWorld()
    const set_at = morning(inDays(-30))
    const held = async (given: { until_on: CivilDate; lifted_at?: number }, known_since?: CivilDate) => {
      const { id } = await world.resident()
      await world.permit(id, inDays(100), known_since ? { known_since } : {})
      await world.hold(id, { ...given, set_at })
      return id
    }
    const ended = await held({ until_on: inDays(-1) })
    await held({ until_on: today })
    await held({ until_on: inDays(-1), lifted_at: 5 })
    await held({ until_on: inDays(-1) }, inDays(-29))
    const again = await held({ until_on: inDays(-1) })
    await world.hold(again, { set_at })
    expect(await attend(world)).toEqual({ ...none, 'hold-ended': 1 })
    expect(await followUps(world)).toMatchObject([{ resident_id: ended }])
  })
})

describe('identity', () => {
  it('opens again only for another doubt', async () => {
    await using world = await openWorld()
    const { residents } = world.db.t
    await world.resident({ identity_doubt: 'same-person:7' })
    expect(await attend(world)).toEqual({ ...none, identity: 1 })
    await closeFollowUp({ db: world.db, now: 1 }, { id: 1, by: 'sri', outcome: 'different-people' })
    expect(await attend(world)).toEqual(none)
    await world.db.write((tx) => tx.update(residents).set({ identity_doubt: 'permits' }))
    expect(await attend(world)).toEqual({ ...none, identity: 1 })
  })
})
