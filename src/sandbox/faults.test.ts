import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Faults } from './faults.ts'
import { type Bench, failureOf, openBench, phones, senders } from './test-office.ts'

const good = { to: phones.siti, from: senders.sms, body: 'https://a.example/n/1' }

describe('faults at the API', () => {
  let bench: Bench

  beforeEach(async () => {
    bench = await openBench()
  })
  afterEach(() => bench[Symbol.asyncDispose]())

  async function sent(): Promise<number> {
    await bench.sandbox.idle()
    return bench.sandbox.transcript().length
  }

  it('429 was never processed, and says when to come back', async () => {
    bench.sandbox.faults.set([{ kind: 'too-many-requests', retryAfterS: 7, times: 1 }])
    const { url } = bench.sandbox
    const response = await fetch(`${url}/2010-04-01/Accounts/${bench.client.accountSid}/Messages.json`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${bench.client.accountSid}:${bench.client.password}`)}` },
      body: new URLSearchParams({ To: good.to, From: good.from, Body: good.body }),
    })
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7'])
    expect(await response.json()).toMatchObject({ code: 20429, status: 429 })
    expect(await sent()).toBe(0)
    await bench.client.messages.create(good)
    expect(await sent()).toBe(1)
  })

  it.each([
    ['before', 0],
    ['after', 1],
  ] as const)('500 %s accepting: the client cannot tell, %i phones know', async (when, count) => {
    bench.sandbox.faults.set([{ kind: 'server-error', when, status: 503, times: 1 }])
    expect(await failureOf(bench.client.messages.create(good))).toMatchObject({ status: 503, code: 20500 })
    expect(await sent()).toBe(count)
    expect(await bench.client.messages.list({ to: good.to })).toHaveLength(count)
  })

  it.each([
    ['before', 0],
    ['after', 1],
  ] as const)('a connection cut %s accepting: %i phones know', async (when, count) => {
    bench.sandbox.faults.set([{ kind: 'cut', when, times: 1, resource: 'messages' }])
    const error = await failureOf(bench.client.messages.create(good))
    expect(error.status).toBeUndefined()
    expect(error.code).toBe('ECONNRESET')
    expect(await sent()).toBe(count)
  })

  it('latency makes the client wait', async () => {
    bench.sandbox.faults.set([{ kind: 'latency', ms: 60, on: 'any', times: 2 }])
    const begun = performance.now()
    await bench.client.messages.create(good)
    await bench.client.messages.list()
    expect(performance.now() - begun).toBeGreaterThanOrEqual(119)
    expect(await sent()).toBe(1)
  })

  it('any refusal, for one number, for creating or for reading', async () => {
    const { client, sandbox } = bench
    sandbox.faults.set([
      { kind: 'refuse', code: 21408, to: phones.siti },
      { kind: 'refuse', code: 20429, on: 'read', resource: 'calls' },
    ])
    expect(await failureOf(client.messages.create(good))).toMatchObject({ status: 400, code: 21408 })
    expect((await client.messages.create({ ...good, to: phones.budi })).status).toBe('queued')
    expect(await failureOf(client.calls.list())).toMatchObject({ status: 429, code: 20429 })
    expect(await client.messages.list()).toHaveLength(1)
  })

  it('any failure after acceptance, for messages and calls', async () => {
    const { client, sandbox, office } = bench
    sandbox.faults.set([
      { kind: 'fail', code: 30007, resource: 'messages' },
      { kind: 'fail', code: 13224, resource: 'calls' },
    ])
    const message = await client.messages.create(good)
    const call = await client.calls.create({
      to: phones.siti,
      from: senders.call,
      twiml: '<Response/>',
      statusCallback: `${office.url}/status`,
    })
    await sandbox.idle()
    expect(await client.messages(message.sid).fetch()).toMatchObject({ status: 'undelivered', errorCode: 30007 })
    expect((await client.calls(call.sid).fetch()).status).toBe('failed')
    expect(office.received.at(-1)?.params).toMatchObject({ CallStatus: 'failed', ErrorCode: '13224' })
    expect(await sent()).toBe(0)
  })

  it('a suspended account lets nobody in until it is lifted', async () => {
    const { client, sandbox } = bench
    sandbox.faults.set([{ kind: 'account', state: 'suspended' }])
    expect(await failureOf(client.messages.create(good))).toMatchObject({ status: 401, code: 20003 })
    expect(await failureOf(client.balance.fetch())).toMatchObject({ status: 401, code: 20003 })
    sandbox.faults.clear()
    expect((await client.balance.fetch()).balance).toBe('250.00')
  })

  it('an account without balance accepts, and fails everything with 30002', async () => {
    const { client, sandbox } = bench
    sandbox.faults.set([{ kind: 'account', state: 'no-balance' }])
    expect(Number((await client.balance.fetch()).balance)).toBeLessThan(0)
    expect((await client.api.v2010.accounts(client.accountSid).fetch()).status).toBe('suspended')
    const message = await client.messages.create(good)
    const call = await client.calls.create({ to: phones.siti, from: senders.call, twiml: '<Response/>' })
    await sandbox.idle()
    expect(await client.messages(message.sid).fetch()).toMatchObject({ status: 'failed', errorCode: 30002 })
    expect((await client.calls(call.sid).fetch()).status).toBe('failed')
    expect(await sent()).toBe(0)
  })

  it('a listing delay hides what is new', async () => {
    const { client, sandbox, clock } = bench
    sandbox.faults.set([{ kind: 'listing-delay', ms: 4000 }])
    await client.messages.create(good)
    expect(await client.messages.list({ to: good.to })).toEqual([])
    clock.advance(4000)
    expect(await client.messages.list({ to: good.to })).toHaveLength(1)
  })
})

describe('faults with the callbacks', () => {
  let bench: Bench

  beforeEach(async () => {
    bench = await openBench()
  })
  afterEach(() => bench[Symbol.asyncDispose]())

  async function statuses(): Promise<(string | undefined)[]> {
    const { client, sandbox, office } = bench
    await client.messages.create({ ...good, statusCallback: `${office.url}/status` })
    await sandbox.idle()
    return office.values('/status', 'MessageStatus')
  }

  it('loses them', async () => {
    bench.sandbox.faults.set([{ kind: 'lose-callback', status: 'sent' }])
    expect(await statuses()).toEqual(['sending', 'delivered'])
  })

  it('doubles them', async () => {
    bench.sandbox.faults.set([{ kind: 'double-callback', status: 'delivered' }])
    expect(await statuses()).toEqual(['sending', 'sent', 'delivered', 'delivered'])
  })

  it('swaps one with the next, and still sends the one that has no next', async () => {
    bench.sandbox.faults.set([{ kind: 'reorder-callback', status: 'sent' }])
    expect(await statuses()).toEqual(['sending', 'delivered', 'sent'])
    bench.office.received.splice(0)
    bench.sandbox.faults.set([{ kind: 'reorder-callback', status: 'delivered' }])
    expect(await statuses()).toEqual(['sending', 'sent', 'delivered'])
  })

  it('delays one without holding up the others', async () => {
    bench.sandbox.faults.set([{ kind: 'delay-callback', status: 'sending', ms: 300 }])
    expect(await statuses()).toEqual(['sent', 'delivered', 'sending'])
  })
})

describe('Faults', () => {
  const occasion = (to: string) => ({ to, resource: 'messages', action: 'create' }) as const
  const numbers = Array.from({ length: 400 }, (_, index) => `+62812${String(3_000_000 + index)}`)
  const struckBy = (faults: Faults, order: string[]): string[] =>
    order.filter((to) => faults.strike('cut', occasion(to)) !== undefined)

  it('strike by seed and number, not by order or timing', () => {
    const fault = { kind: 'cut', when: 'after', rate: 0.3 } as const
    const [one, same, other] = [1, 1, 2].map((seed) => {
      const faults = new Faults({ seed })
      faults.set([fault])
      return faults
    }) as [Faults, Faults, Faults]
    const struck = struckBy(one, numbers)
    expect(struck.length / numbers.length).toBeCloseTo(0.3, 1)
    expect(new Set(struckBy(same, numbers.toReversed()))).toEqual(new Set(struck))
    expect(struckBy(other, numbers)).not.toEqual(struck)
    expect(struckBy(one, numbers)).not.toEqual(struck)
  })

  it('skip the first occasions and stop after so many strikes', () => {
    const faults = new Faults({ seed: 1 })
    faults.set([{ kind: 'cut', when: 'before', skip: 2, times: 3 }])
    expect(struckBy(faults, numbers)).toEqual(numbers.slice(2, 5))
  })

  it('refuse a fault they do not know', () => {
    const faults = new Faults({ seed: 1 })
    expect(() => faults.set([{ kind: 'cut', when: 'never' } as never])).toThrow('before')
    expect(() => faults.add({ kind: 'latency', ms: 5, jitter: 3 } as never)).toThrow('jitter')
    expect(faults.list()).toEqual([])
  })
})
