import { asc, eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { applyReceipts, storeReceipt } from '../src/deliver/receipts.ts'
import { openWorld, type World } from './world.ts'

const RESIDENTS = 140
/** What a message can be told of, in the order in which it happens. */
const STORIES: [status: string, code: number | null][][] = [
  [
    ['queued', null],
    ['sending', null],
    ['sent', null],
    ['delivered', null],
  ],
  [
    ['sent', null],
    ['delivered', null],
    ['read', null],
  ],
  [
    ['sent', null],
    ['undelivered', 30003],
  ],
  [
    ['sending', null],
    ['sent', null],
    ['undelivered', 30006],
  ],
  [
    ['sent', null],
    ['failed', 30005],
  ],
  [
    ['sending', null],
    ['sent', null],
  ],
  [
    ['sent', null],
    ['undelivered', 30008],
    ['delivered', null],
  ],
]

type Told = { sid: string; attemptId: number; status: string; code: number | null }

describe('a thousand receipts', () => {
  let ordered: World
  let shuffled: World

  beforeAll(async () => {
    ordered = await world()
    shuffled = await world()
  })
  afterAll(async () => {
    await ordered[Symbol.asyncDispose]()
    await shuffled[Symbol.asyncDispose]()
  })

  it('in random order, doubled, and some before the answer to their own request, end in the states of the right order', async () => {
    const inOrder = await receiptsFor(ordered)
    expect(inOrder.length * 3).toBeGreaterThan(1_000)
    for (const one of inOrder) await tell(ordered, one)
    await applyReceipts(ordered.delivery.deps)

    const random = seeded(42)
    const anyOrder = await receiptsFor(shuffled)
    const early = new Set(
      (await attemptsOf(shuffled)).filter((_, index) => index % 5 === 0).map((attempt) => attempt.id),
    )
    await forgetAnswers(shuffled, early)
    for (const one of shuffle([...anyOrder, ...anyOrder, ...anyOrder], random)) {
      await tell(shuffled, one)
      if (random() < 0.05) await applyReceipts(shuffled.delivery.deps)
    }
    await applyReceipts(shuffled.delivery.deps)

    const states = await statesOf(ordered)
    expect(new Set(states.map((row) => row.state))).toEqual(
      new Set(['delivered', 'read', 'queued', 'exhausted', 'sent']),
    )
    expect(await statesOf(shuffled)).toEqual(states)
  })

  async function world(): Promise<World> {
    const opened = await openWorld({ today: '2026-06-01' })
    opened.sandbox.faults.set([{ kind: 'lose-callback' }])
    await opened.register(
      Array.from({ length: RESIDENTS }, (_, index) => ({
        register_no: `R${index}`,
        full_name: `Resident ${index}`,
        nationality: 'DE',
        passport_no: `C${String(index).padStart(8, '0')}`,
        phone: `+6281200${String(index).padStart(6, '0')}`,
        permit_no: `P${String(index).padStart(3, '0')}`,
        permit_kind: 'ITAS',
        expires_on: '2026-07-11',
      })),
    )
    opened.at('2026-06-01', '08:30')
    await opened.app.scan()
    await opened.deliver()
    return opened
  }

  async function receiptsFor(of: World): Promise<Told[]> {
    const attempts = await attemptsOf(of)
    return attempts.flatMap(({ id, sid }, index) =>
      STORIES[index % STORIES.length]!.map(([status, code]) => ({ sid: sid!, attemptId: id, status, code })),
    )
  }

  function attemptsOf(of: World) {
    const { attempts } = of.app.db.t
    return of.app.db.read
      .select({ id: attempts.id, sid: attempts.sid })
      .from(attempts)
      .orderBy(asc(attempts.id))
      .limit(RESIDENTS)
  }

  /** As after a crash between the carrier's answer and our record of it. */
  async function forgetAnswers(of: World, attemptIds: Set<number>): Promise<void> {
    await of.app.db.write(async (tx) => {
      for (const id of attemptIds) {
        const [row] = await tx
          .update(tx.t.attempts)
          .set({ sid: null, outcome: 'uncertain', lookup_at: null })
          .where(eq(tx.t.attempts.id, id))
          .returning({ deliveryId: tx.t.attempts.delivery_id })
        await tx
          .update(tx.t.deliveries)
          .set({ state: 'uncertain', sid: null })
          .where(eq(tx.t.deliveries.id, row!.deliveryId))
      }
    })
  }

  function tell(of: World, { sid, attemptId, status, code }: Told) {
    const receipt = { kind: 'message' as const, sid, status, errorCode: code, attemptId, raw: {}, signature: 'test' }
    return storeReceipt(of.app.db, receipt, of.clock.now())
  }

  async function statesOf(of: World) {
    const { deliveries } = of.app.db.t
    const rows = await of.app.db.read
      .select({ id: deliveries.id, state: deliveries.state, reason: deliveries.reason, attempts: deliveries.attempts })
      .from(deliveries)
      .where(eq(deliveries.channel, 'sms'))
      .orderBy(asc(deliveries.id))
    return rows.map(({ state, attempts, reason }) => ({ state, attempts, reason }))
  }
})

function shuffle<Item>(items: Item[], random: () => number): Item[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[items[i], items[j]] = [items[j]!, items[i]!]
  }
  return items
}

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
