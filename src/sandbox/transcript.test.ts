import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SteppedClock } from '../lib/clock.ts'
import { countByPhoneAndLink, openSandbox, readTranscript, type Sandbox } from './sandbox.ts'
import { accountSid, authToken, clientOf, morning, openBench, phones, pleasant, senders } from './test-office.ts'
import type { TranscriptEntry } from './transcript.ts'

const good = { to: phones.siti, from: senders.sms, body: 'Lihat https://a.example/n/1.' }
let folder: string
let transcriptFile: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sandbox-'))
  transcriptFile = join(folder, 'transcript.jsonl')
})
afterEach(() => rm(folder, { recursive: true }))

describe('the transcript file', () => {
  function open(clock: SteppedClock): Promise<Sandbox> {
    return openSandbox({
      accountSid,
      authToken,
      clock,
      transcriptFile,
      people: () => pleasant,
      pace: { callbackDelayMs: 0 },
    })
  }

  it('has a message on disk before the client has its answer', async () => {
    await using sandbox = await open(new SteppedClock(morning))
    const { sid } = await clientOf(sandbox.url).messages.create(good)
    expect(await readFile(transcriptFile, 'utf8')).toContain(sid)
  })

  it('has what a phone got on disk before the client hears of the delivery', async () => {
    await using bench = await openBench({ transcriptFile })
    const seen: number[] = []
    bench.office.answers['/status'] = async ({ params }) => {
      if (params.MessageStatus === 'delivered') seen.push((await readTranscript(transcriptFile)).length)
      return { status: 204 }
    }
    await bench.client.messages.create({ ...good, statusCallback: `${bench.office.url}/status` })
    await bench.sandbox.idle()
    expect(seen).toEqual([1])
  })

  it('brings back messages, calls, opt-outs and the transcript with their sids, and goes on where it stopped', async () => {
    const clock = new SteppedClock(morning)
    const before = await open(clock)
    const client = clientOf(before.url)
    const done = await client.messages.create(good)
    const call = await client.calls.create({
      to: phones.budi,
      from: senders.call,
      twiml: '<Response><Say>halo</Say></Response>',
    })
    await before.idle()
    await before.reply(phones.wei, senders.whatsapp, { body: 'STOP' })
    before.configure({ queueForMs: 1000 })
    const waiting = await client.messages.create({ ...good, body: 'https://a.example/n/2' })
    const transcript = before.transcript()
    await before[Symbol.asyncDispose]()

    await using after = await open(clock)
    const again = clientOf(after.url)
    expect(after.transcript().slice(0, 2)).toEqual(transcript)
    expect((await again.messages(done.sid).fetch()).status).toBe('delivered')
    expect((await again.calls(call.sid).fetch()).status).toBe('completed')
    await after.idle()
    expect((await again.messages(waiting.sid).fetch()).status).toBe('delivered')
    expect(after.transcript().map(({ sid }) => sid)).toEqual([done.sid, call.sid, waiting.sid])
    await expect(
      again.messages.create({ to: `whatsapp:${phones.wei}`, from: senders.whatsapp, body: 'x' }),
    ).rejects.toMatchObject({ code: 21610 })
    const next = await again.messages.create(good)
    expect([done.sid, waiting.sid]).not.toContain(next.sid)
  })
})

describe('countByPhoneAndLink', () => {
  const entry: TranscriptEntry = {
    at: morning,
    sid: 'SM1',
    kind: 'sms',
    direction: 'to-phone',
    to: phones.siti,
    from: senders.sms,
    body: null,
    buttons: [],
    link: 'https://a.example/n/1',
    heard: [],
    presses: [],
    status: 'delivered',
    answeredBy: null,
    durationS: null,
  }

  it('counts what each phone got of each link', () => {
    const counts = countByPhoneAndLink([
      entry,
      { ...entry, sid: 'SM2' },
      { ...entry, to: phones.budi },
      { ...entry, link: null },
    ])
    expect([...counts]).toEqual([
      [`${phones.siti} https://a.example/n/1`, 2],
      [`${phones.budi} https://a.example/n/1`, 1],
    ])
  })

  it('counts calls that were answered, not those that only rang or were made from the phone', () => {
    const calls = (['completed', 'no-answer', 'busy'] as const).map((status) => ({
      ...entry,
      kind: 'call' as const,
      status,
    }))
    const back = { ...entry, kind: 'call' as const, status: 'completed', direction: 'from-phone' as const }
    expect([...countByPhoneAndLink([...calls, back]).values()]).toEqual([1])
  })
})

describe('the sandbox as a process', () => {
  const started: ChildProcess[] = []
  afterEach(() => {
    for (const child of started.splice(0)) child.kill('SIGKILL')
  })

  async function start(): Promise<{ url: string; child: ChildProcess }> {
    const main = fileURLToPath(new URL('./main.ts', import.meta.url))
    const args = [main, '--seed', '3', '--transcript', transcriptFile, '--clock-start', '2026-11-22T01:30:00Z']
    const child = spawn(process.execPath, [...args, '--account-sid', accountSid, '--auth-token', authToken], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    started.push(child)
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    return { url: (JSON.parse(line) as { url: string }).url, child }
  }

  it('forgets nothing it has answered when it is killed, and sends nothing twice when it comes back', async () => {
    const first = await start()
    const client = clientOf(first.url)
    const numbers = Array.from({ length: 40 }, (_, index) => `+62812${String(3_000_000 + index)}`)
    const created = await Promise.all(
      numbers.map((to, index) => client.messages.create({ ...good, to, body: `https://a.example/n/${index}` })),
    )
    first.child.kill('SIGKILL')
    await once(first.child, 'exit')

    const second = await start()
    const idle = await fetch(`${second.url}/sandbox/idle`, { method: 'POST' })
    expect(idle.status).toBe(200)
    const messages = await clientOf(second.url).messages.list({ pageSize: 1000 })
    expect(new Set(messages.map(({ sid }) => sid))).toEqual(new Set(created.map(({ sid }) => sid)))
    expect(messages.filter(({ status }) => status === 'queued' || status === 'sending')).toEqual([])
    const entries = await readTranscript(transcriptFile)
    expect(entries.length).toBeGreaterThan(30)
    expect(new Set(countByPhoneAndLink(entries).values())).toEqual(new Set([1]))

    second.child.kill('SIGTERM')
    expect(await once(second.child, 'exit')).toEqual([0, null])
  })
})
