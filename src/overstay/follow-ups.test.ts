import { describe, expect, it } from 'vitest'
import { addDays } from '../lib/civil-date.ts'
import { morning, office, on, openWorld, type World } from './fixture.ts'
import { type FollowUpFilter, followUpList } from './follow-up-list.ts'
import { assignFollowUp, closeFollowUp, openFollowUps, type WantedFollowUp } from './follow-ups.ts'

const today = on('2026-11-10')
const now = morning(today)

function open(world: World, wanted: WantedFollowUp[], dueOn = today) {
  return openFollowUps(world.db, { wanted, dueOn: () => dueOn, now })
}

function list(world: World, filter: FollowUpFilter = {}) {
  return followUpList(world.db.read, { office, today, filter })
}

describe('opening follow-ups', () => {
  it('leaves out who went to an office that is not asked for since the list was made', async () => {
    await using world = await openWorld()
    const { id: resident_id } = await world.resident({ office_code: 'SUB' })
    const wanted = [{ resident_id, kind: 'phone' as const, cycle_id: 0, cause: 'unreachable' }]
    const dueOn = (code: string) => (code === 'BLT' ? today : undefined)
    expect(await openFollowUps(world.db, { wanted, dueOn, now })).toEqual([])
  })

  it('takes the first new cause of several and keeps one open per resident, kind and cycle', async () => {
    await using world = await openWorld()
    const { id: resident_id } = await world.resident()
    const place = { resident_id, kind: 'phone' as const, cycle_id: 3 }
    const both = [
      { ...place, cause: 'unreachable' },
      { ...place, cause: 'unconfirmed' },
    ]
    expect(await open(world, [...both, { ...place, cycle_id: 4, cause: 'unreachable' }])).toEqual(['phone', 'phone'])
    expect(await open(world, both)).toEqual([])
    await closeFollowUp({ db: world.db, now }, { id: 1, by: 'sri', outcome: 'not-reached' })
    expect(await open(world, both)).toEqual(['phone'])
    expect((await list(world)).map((row) => [row.cycle_id, row.cause])).toEqual([
      [4, 'unreachable'],
      [3, 'unconfirmed'],
    ])
  })
})

describe('closing a follow-up', () => {
  it('is refused to the second officer, naming the first, and with an outcome that its kind has not', async () => {
    await using world = await openWorld()
    const { id: resident_id } = await world.resident()
    await open(world, [{ resident_id, kind: 'identity', cycle_id: 0, cause: 'permits' }])
    const deps = { db: world.db, now }
    await expect(closeFollowUp(deps, { id: 1, by: 'sri', outcome: 'reached' })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('different-people'),
    })
    await assignFollowUp(deps, { id: 1, owner: 'budi' })
    expect(await list(world, { owner: 'budi' })).toHaveLength(1)
    await closeFollowUp(deps, { id: 1, by: 'sri', outcome: 'same-person' })
    await expect(closeFollowUp(deps, { id: 1, by: 'budi', outcome: 'same-person' })).rejects.toMatchObject({
      code: 'conflict',
      message: 'tindak lanjut 1 sudah ditutup oleh sri (same-person)',
    })
    await expect(assignFollowUp(deps, { id: 1, owner: 'ani' })).rejects.toMatchObject({ code: 'conflict' })
    await expect(assignFollowUp(deps, { id: 7, owner: 'ani' })).rejects.toMatchObject({ code: 'not-found' })
    expect(await list(world, { closed: true })).toMatchObject([
      { closed_by: 'sri', closed_at: now, outcome: 'same-person' },
    ])
  })
})

describe('the list of follow-ups', () => {
  it('says in Indonesian why, and who it was that answered', async () => {
    await using world = await openWorld()
    const { id: resident_id } = await world.resident({ phone: '+62811' })
    const cycle = await world.cycle(await world.permit(resident_id, addDays(today, 9)))
    const at = morning(today)
    await world.answer(cycle.id, { answer: 'applied', at })
    await world.answer(cycle.id, { answer: 'leaving', at, role: 'sponsor' })
    await world.answer(cycle.id, { answer: 'help', at, via: 'counter', officer: 'sri' })
    await world.reply('whatsapp:+62811', 'Saya sudah pulang')
    await world.hold(resident_id, { reason: 'left', until_on: addDays(today, -1) })
    const causes: [WantedFollowUp['kind'], string][] = [
      ['answer', 'ack:1'],
      ['answer', 'ack:2'],
      ['answer', 'ack:3'],
      ['reply', 'receipt:1'],
      ['hold-ended', 'hold:1'],
      ['phone', 'unconfirmed'],
      ['number', 'number:x'],
      ['kind', 'kind:KAPAL'],
      ['identity', 'permits'],
      ['identity', 'same-person:12'],
    ]
    for (const [n, [kind, cause]] of causes.entries())
      await open(world, [{ resident_id, kind, cycle_id: 100 + n, cause }])
    const rows = await list(world)
    expect(rows.map((row) => row.reason)).toEqual([
      'menjawab "sudah mengajukan" pada 2026-11-10 oleh pemegang telepon/tautan',
      'menjawab "akan meninggalkan Indonesia" pada 2026-11-10 oleh pemegang telepon/tautan penjamin',
      'menjawab "perlu bantuan" pada 2026-11-10 di loket, dicatat sri',
      'membalas dengan kata-kata sendiri',
      'pengecualian "sudah meninggalkan Indonesia" berakhir 2026-11-09',
      'belum terkonfirmasi sampai H-7',
      'nomor telepon tidak dapat dipakai menurut operator',
      'jenis izin KAPAL tidak ada dalam kebijakan kantor',
      'tanggal izin-izinnya bertentangan: izin mana yang berlaku?',
      'mungkin orang yang sama dengan WNA nomor 12',
    ])
    expect(rows.map((row) => row.quote)).toEqual([null, null, null, 'Saya sudah pulang', ...Array(6).fill(null)])
  })

  it('orders by due date, pages by key, narrows, and says what is late or has become moot', async () => {
    await using world = await openWorld()
    const people = []
    for (const n of [0, 1, 2, 3]) {
      const resident = await world.resident(n === 3 ? { regency: 'Kabupaten Tulungagung' } : {})
      const cycle = await world.cycle(await world.permit(resident.id, addDays(today, 5)))
      people.push({ resident, cycle })
      const wanted = { resident_id: resident.id, kind: 'phone' as const, cycle_id: cycle.id, cause: 'unconfirmed' }
      await open(world, [wanted], addDays(today, -n))
    }
    const first = people[0]!.resident
    await open(world, [{ resident_id: first.id, kind: 'number', cycle_id: 0, cause: `number:${first.phone_index}` }])
    await world.hold(people[1]!.resident.id)
    const { permits } = world.db.t
    await world.permit(people[2]!.resident.id, addDays(today, 400), { issued_on: today, is_current: 0 })
    const whole = await list(world)
    expect(whole.map((row) => [row.id, row.overdue, row.moot, row.days_left])).toEqual([
      [4, true, false, 5],
      [3, true, false, 5],
      [2, true, true, 5],
      [1, false, false, 5],
      [5, false, false, 5],
    ])
    await world.db.write((tx) => tx.update(permits).set({ expires_on: addDays(today, 300) }))
    expect((await list(world)).map((row) => [row.id, row.moot])).toEqual([
      [4, true],
      [3, true],
      [2, true],
      [1, true],
      [5, false],
    ])
    const page = await list(world, { limit: 2 })
    expect([...page, ...(await list(world, { after: page[1]! }))].map((row) => row.id)).toEqual([4, 3, 2, 1, 5])
    const ids = async (filter: FollowUpFilter) => (await list(world, filter)).map((row) => row.id)
    expect(await ids({ kind: 'number' })).toEqual([5])
    expect(await ids({ overdue: true })).toEqual([4, 3, 2])
    expect(await ids({ regencies: ['Kabupaten Tulungagung'] })).toEqual([4])
    expect(await ids({ residentId: people[0]!.resident.id })).toEqual([1, 5])
    expect(await ids({ owner: null })).toHaveLength(5)
    expect(await ids({ id: 3 })).toEqual([3])
  })
})
