import { describe, expect, it } from 'vitest'
import { openBench, phones, senders } from './test-office.ts'

const good = { to: phones.siti, from: senders.sms, body: 'x' }

describe('a callback that fails', () => {
  it.each([
    ['', 500, 1],
    ['#rc=3&rp=5xx', 500, 4],
    ['#rc=5&rp=all', 404, 6],
    ['#rc=5&rp=5xx', 404, 1],
    ['#rc=0&rp=all', 500, 1],
    ['#rc=5&rp=all', 200, 1],
  ])('is tried again as its fragment %s asks when the answer is %i: %i requests', async (fragment, status, count) => {
    await using bench = await openBench({ answers: { '/status': { status } } })
    const { client, sandbox, office } = bench
    sandbox.faults.set([
      { kind: 'lose-callback', status: 'sending' },
      { kind: 'lose-callback', status: 'sent' },
    ])
    await client.messages.create({ ...good, statusCallback: `${office.url}/status?a=1${fragment}` })
    await sandbox.idle()
    expect(office.values('/status', 'MessageStatus')).toEqual(Array.from({ length: count }, () => 'delivered'))
    expect(office.received.every(({ signed }) => signed)).toBe(true)
    expect(new Set(office.received.map(({ headers }) => headers['i-twilio-idempotency-token'])).size).toBe(1)
    expect(sandbox.alerts().map(({ code }) => code)).toEqual(status === 200 ? [] : [11200])
  })

  it('is over once a retry succeeds', async () => {
    await using bench = await openBench()
    const { client, sandbox, office } = bench
    office.answers['/status'] = () => ({ status: office.received.length < 3 ? 503 : 204 })
    sandbox.faults.set([
      { kind: 'lose-callback', status: 'sending' },
      { kind: 'lose-callback', status: 'sent' },
    ])
    await client.messages.create({ ...good, statusCallback: `${office.url}/status#rc=5&rp=all` })
    await sandbox.idle()
    expect(office.received).toHaveLength(3)
    expect(sandbox.alerts()).toEqual([])
  })

  it('does not hold up the message, and one that nobody answers is given up', async () => {
    await using bench = await openBench()
    const { client, sandbox } = bench
    const message = await client.messages.create({ ...good, statusCallback: 'http://127.0.0.1:9/status#rc=2&rp=all' })
    await sandbox.idle()
    expect((await client.messages(message.sid).fetch()).status).toBe('delivered')
    expect(sandbox.alerts()).toHaveLength(3)
  })
})
