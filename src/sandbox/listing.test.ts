import { describe, expect, it } from 'vitest'
import { failureOf, openBench, phones, senders } from './test-office.ts'

const good = { to: phones.siti, from: senders.sms, body: 'x' }

describe('listing messages', () => {
  it('shows the newest first and pages by what the SDK follows, also while new ones come in', async () => {
    await using bench = await openBench()
    const { client, sandbox } = bench
    const sids: string[] = []
    for (let count = 0; count < 7; count += 1) sids.unshift((await client.messages.create(good)).sid)
    await sandbox.idle()
    const first = await client.messages.page({ pageSize: 3, to: phones.siti })
    await client.messages.create(good)
    const second = await first.nextPage()
    const third = await second?.nextPage()
    const shown = [first, second, third].map((page) => page?.instances.map(({ sid }) => sid))
    expect(shown).toEqual([sids.slice(0, 3), sids.slice(3, 6), sids.slice(6)])
    expect(third?.nextPageUrl).toBeUndefined()
    expect((await client.messages.list({ pageSize: 2 })).map(({ sid }) => sid).slice(1)).toEqual(sids)
    expect((await client.messages.list({ limit: 2 })).length).toBe(2)
  })

  it('filters by To, From and the time of sending, bounds included', async () => {
    await using bench = await openBench()
    const { client, sandbox, clock } = bench
    await client.messages.create(good)
    await sandbox.idle()
    clock.advance(60_000)
    await client.messages.create({ ...good, from: 'OTHER' })
    await client.messages.create({ ...good, to: phones.budi })
    await sandbox.idle()
    const now = new Date(clock.now())
    const count = async (filter: Record<string, unknown>): Promise<number> =>
      (await client.messages.list(filter)).length
    expect(await count({})).toBe(3)
    expect(await count({ to: phones.siti })).toBe(2)
    expect(await count({ to: phones.siti, from: 'OTHER' })).toBe(1)
    expect(await count({ dateSentAfter: now })).toBe(2)
    expect(await count({ dateSentBefore: new Date(clock.now() - 1000) })).toBe(1)
    expect(await count({ dateSent: now })).toBe(2)
    expect(await count({ dateSent: '2026-11-22' })).toBe(3)
    expect(await count({ dateSentAfter: '2026-11-23' })).toBe(0)
  })

  it('leaves a fresh message incomplete for a while: no date_sent, no from, so no filter on them finds it', async () => {
    await using bench = await openBench({ behaviour: { incompleteForMs: 5000 } })
    const { client, sandbox, clock } = bench
    const { sid, from } = await client.messages.create(good)
    await sandbox.idle()
    expect(from).toBeNull()
    expect(await client.messages(sid).fetch()).toMatchObject({ status: 'delivered', from: null, dateSent: null })
    expect(await client.messages.list({ to: phones.siti })).toHaveLength(1)
    expect(await client.messages.list({ to: phones.siti, from: senders.sms })).toEqual([])
    expect(await client.messages.list({ to: phones.siti, dateSentAfter: new Date(0) })).toEqual([])
    clock.advance(5000)
    expect(await client.messages(sid).fetch()).toMatchObject({ from: senders.sms, dateSent: expect.any(Date) })
    expect(await client.messages.list({ from: senders.sms, dateSentAfter: new Date(0) })).toHaveLength(1)
  })

  it('lags behind by the listing delay, while fetching by sid works at once', async () => {
    await using bench = await openBench({ behaviour: { listingDelayMs: 2000 } })
    const { client, sandbox, clock } = bench
    const { sid } = await client.messages.create(good)
    await sandbox.idle()
    expect((await client.messages(sid).fetch()).status).toBe('delivered')
    expect(await client.messages.list({ to: phones.siti })).toEqual([])
    clock.advance(2000)
    expect(await client.messages.list({ to: phones.siti })).toHaveLength(1)
  })

  it.each([
    [20007, { pageSize: 1001 }],
    [20001, { dateSentAfter: 'yesterday' }],
    [20001, { pageToken: 'PAnowhere' }],
  ])('refuses with %i: %o', async (code, filter) => {
    await using bench = await openBench()
    await bench.client.messages.create(good)
    expect(await failureOf(bench.client.messages.page(filter as object))).toMatchObject({ status: 400, code })
  })
})

describe('listing calls', () => {
  it('finds the one to a number, newest first, also by status and start', async () => {
    await using bench = await openBench({ behaviour: { incompleteForMs: 1000 } })
    const { client, sandbox, clock } = bench
    const twiml = '<Response><Say>halo</Say></Response>'
    const first = await client.calls.create({ to: phones.siti, from: senders.call, twiml })
    await client.calls.create({ to: phones.budi, from: senders.call, twiml })
    await sandbox.idle()
    clock.advance(1000)
    const last = await client.calls.create({ to: phones.siti, from: senders.call, twiml })
    await sandbox.idle()
    expect((await client.calls.list({ to: phones.siti })).map(({ sid }) => sid)).toEqual([last.sid, first.sid])
    expect(await client.calls(last.sid).fetch()).toMatchObject({ from: null, startTime: null })
    const started = await client.calls.list({ to: phones.siti, startTimeAfter: new Date(0) })
    expect(started.map(({ sid }) => sid)).toEqual([first.sid])
    expect(await client.calls.list({ status: 'busy' })).toEqual([])
    expect(await client.calls.list({ status: 'completed' })).toHaveLength(3)
  })
})

describe('the account', () => {
  it('answers a probe with its balance and status', async () => {
    await using bench = await openBench()
    const { client } = bench
    expect(await client.balance.fetch()).toMatchObject({ balance: '250.00', currency: 'USD' })
    expect(await client.api.v2010.accounts(client.accountSid).fetch()).toMatchObject({ status: 'active' })
  })
})

describe('listing the numbers of the account', () => {
  it('finds those that it has, and none of others', async () => {
    const owned = { sms: [senders.sms], calls: ['+623425550101'], whatsapp: [] }
    await using bench = await openBench({ behaviour: { senders: owned } })
    const numbers = async (phoneNumber: string) =>
      (await bench.client.incomingPhoneNumbers.list({ phoneNumber, limit: 1 })).map((one) => one.phoneNumber)
    expect(await numbers('+623425550101')).toEqual(['+623425550101'])
    expect(await numbers('+623425559999')).toEqual([])
    expect(await bench.client.outgoingCallerIds.list({ limit: 5 })).toEqual([])
  })
})
