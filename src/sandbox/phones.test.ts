import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Bench, mp3, openBench, phones, pleasant, senders, xml } from './test-office.ts'

const template = `HX${'a'.repeat(32)}`
let bench: Bench

beforeEach(async () => {
  bench = await openBench({ person: pleasant })
})
afterEach(() => bench[Symbol.asyncDispose]())

const path = (number: string): string => `/phones/${encodeURIComponent(number)}`

async function read(where: string, init?: RequestInit): Promise<string> {
  return (await fetch(`${bench.sandbox.url}${where}`, init)).text()
}

function post(where: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${bench.sandbox.url}${where}`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(fields),
    redirect: 'manual',
  })
}

describe('the phones page', () => {
  it('says so while no phone has got anything', async () => {
    expect(await read('/')).toContain('No phone has rung yet')
  })

  it('lists phones with language, newest words and what is unread, and finds them again', async () => {
    const { client, sandbox } = bench
    await client.messages.create({
      to: phones.siti,
      from: senders.sms,
      body: 'Izin tinggal Anda berlaku sampai 6 Desember',
    })
    await client.messages.create({ to: phones.wei, from: senders.sms, body: '您的居留许可有效期至12月6日' })
    await sandbox.idle()
    const list = await read('/')
    expect(list).toContain('+62 812 3456 7890')
    expect(list).toContain('Indonesian')
    expect(list).toContain('Chinese')
    expect(list.match(/class="badge">1</g)).toHaveLength(2)
    expect(await read('/?q=chinese')).not.toContain('+62 812 3456 7890')
    await read(path(phones.siti))
    expect((await read('/')).match(/class="badge">/g)).toHaveLength(1)
  })

  it('shows words with clickable links, and lets no markup through', async () => {
    const { client, sandbox } = bench
    const body = 'Lihat https://a.example/n/1. <script>alert(1)</script>'
    await client.messages.create({ to: phones.siti, from: senders.sms, body })
    await sandbox.idle()
    const page = await read(path(phones.siti))
    expect(page).toContain('<a href="https://a.example/n/1" rel="noreferrer">https://a.example/n/1</a>.')
    expect(page).toContain('&lt;script&gt;')
    expect(page).not.toContain('<script')
    expect(page).toContain('dir="auto"')
  })

  it('plays what was played in a call, and shows the keys pressed', async () => {
    const { client, sandbox, office } = bench
    office.answers['/note.mp3'] = { type: 'audio/mpeg', body: await mp3(2) }
    office.answers['/voice'] = xml('<Gather numDigits="1" action="/key"><Play>/note.mp3</Play></Gather>')
    office.answers['/key'] = xml('<Say>Terima kasih</Say>')
    await client.calls.create({ to: phones.siti, from: senders.call, url: `${office.url}/voice` })
    await sandbox.idle()
    const page = await read(path(phones.siti))
    const source = page.match(/<audio[^>]* src="(\/media\/[0-9a-f]{64})"/)?.[1]
    const audio = await fetch(`${sandbox.url}${source}`)
    expect(audio.headers.get('content-type')).toBe('audio/mpeg')
    expect((await audio.arrayBuffer()).byteLength).toBeGreaterThan(8000)
    expect(page).toContain('<kbd>1</kbd>')
    expect(page).toContain('Terima kasih')
  })

  it('has a button that really replies', async () => {
    const { client, sandbox, office } = bench
    sandbox.configure({
      messageUrl: `${office.url}/message`,
      contents: { [template]: { body: 'Pesan', buttons: [{ text: 'Dengarkan', payload: 'listen' }] } },
    })
    await client.messages.create({ to: `whatsapp:${phones.siti}`, from: senders.whatsapp, contentSid: template })
    await sandbox.idle()
    expect(await read(path(phones.siti))).toContain('value="Dengarkan"')
    const answer = await post(`${path(phones.siti)}/reply`, {
      to: senders.whatsapp,
      payload: 'listen',
      text: 'Dengarkan',
    })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `${path(phones.siti)}#end`])
    expect(office.received.at(-1)?.params).toMatchObject({ ButtonPayload: 'listen', From: `whatsapp:${phones.siti}` })
    await post(`${path(phones.siti)}/reply`, { to: senders.whatsapp, body: 'apa ini?' })
    expect(office.received.at(-1)?.params).toMatchObject({ Body: 'apa ini?', MessageType: 'text' })
    expect(await read(path(phones.siti))).toContain('apa ini?')
  })

  it('rings the office back and presses the key', async () => {
    const { sandbox, office } = bench
    sandbox.configure({ voiceUrl: `${office.url}/voice` })
    office.answers['/voice'] = xml('<Gather numDigits="1" action="/key"><Say>Tekan 2</Say></Gather>')
    office.answers['/key'] = xml('')
    expect((await post(`${path(phones.siti)}/ring`, { to: senders.call, presses: '2' })).status).toBe(303)
    expect(office.values('/key', 'Digits')).toEqual(['2'])
    expect(await read(path(phones.siti))).toContain('Outgoing call')
  })

  it('loads nothing from anywhere else, and no page of another site can act on it', async () => {
    const response = await fetch(`${bench.sandbox.url}/`)
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect((await response.text()).match(/(?:src|href)="https?:/g)).toBeNull()
    expect((await fetch(`${bench.sandbox.url}/phones.css`)).headers.get('content-type')).toContain('text/css')
    const crossSite = { 'sec-fetch-site': 'cross-site' }
    expect((await post(`${path(phones.siti)}/reply`, { to: senders.whatsapp, body: 'x' }, crossSite)).status).toBe(403)
    expect((await post('/sandbox/idle', {}, crossSite)).status).toBe(403)
  })

  it('knows no phone that got nothing', async () => {
    expect((await fetch(`${bench.sandbox.url}${path(phones.budi)}`)).status).toBe(404)
  })
})

describe('steering from another process', () => {
  async function control(where: string, body: unknown, method = 'POST'): Promise<{ status: number; json: unknown }> {
    const response = await fetch(`${bench.sandbox.url}/sandbox/${where}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    return { status: response.status, json: await response.json() }
  }

  it('sets and clears faults', async () => {
    expect((await control('faults', [{ kind: 'cut', when: 'after', rate: 0.5 }])).json).toEqual([
      { kind: 'cut', when: 'after', rate: 0.5, on: 'create' },
    ])
    expect(bench.sandbox.faults.list()).toHaveLength(1)
    const wrong = await control('faults', [{ kind: 'earthquake' }])
    expect([wrong.status, JSON.stringify(wrong.json)]).toEqual([400, expect.stringContaining('kind')])
    expect(bench.sandbox.faults.list()).toHaveLength(1)
    expect((await control('faults', undefined, 'DELETE')).json).toEqual([])
  })

  it('sets the console, people, and lets them write and ring', async () => {
    const { office, client } = bench
    expect((await control('behaviour', { queueForMs: 5, messageUrl: `${office.url}/message` })).json).toMatchObject({
      queueForMs: 5,
    })
    expect((await control('behaviour', { voiceUrl: `${office.url}/voice` })).json).toMatchObject({
      queueForMs: 5,
      messageUrl: `${office.url}/message`,
    })
    expect((await control('behaviour', { nonsense: 1 })).status).toBe(400)
    await control('behaviour', { queueForMs: 0 })
    await control('people', { [phones.siti]: { answers: 'busy' } })
    await control('reply', { from: phones.siti, to: senders.whatsapp, body: 'halo' })
    expect(office.values('/message', 'Body')).toEqual(['halo'])
    office.answers['/voice'] = xml('<Say>halo</Say>')
    expect((await control('ring', { from: phones.siti, to: senders.call })).json).toMatchObject({ status: 'completed' })
    const call = await client.calls.create({ to: phones.siti, from: senders.call, url: `${office.url}/voice` })
    await control('idle', {})
    expect((await client.calls(call.sid).fetch()).status).toBe('busy')
    expect((await control('transcript', undefined, 'GET')).json).toHaveLength(2)
    expect((await control('alerts', undefined, 'GET')).json).toEqual([])
  })
})
