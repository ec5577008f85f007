import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestOffice, type TestOffice } from '../../test/public-office.ts'
import { rangeOf } from './audio.ts'

let office: TestOffice
let note: Awaited<ReturnType<TestOffice['rows']['record']>>

beforeAll(async () => {
  office = await openTestOffice()
  note = await office.rows.record()
})

afterAll(async () => {
  await office[Symbol.asyncDispose]()
})

describe('an audio file', () => {
  it.each([
    ['mp3', 'audio/mpeg'],
    ['ogg', 'audio/ogg'],
  ] as const)('as %s comes whole, with its type, length and mark', async (format, type) => {
    const whole = await office.get(`/audio/${note.token}.${format}`)
    expect(whole.status).toBe(200)
    expect(whole.headers.get('content-type')).toBe(type)
    expect(whole.headers.get('content-length')).toBe(String(note[format].byteLength))
    expect(whole.headers.get('accept-ranges')).toBe('bytes')
    expect(whole.headers.get('cache-control')).toBe('public, max-age=86400')
    expect(new Uint8Array(await whole.arrayBuffer())).toEqual(new Uint8Array(note[format]))

    const head = await office.get(`/audio/${note.token}.${format}`, { method: 'HEAD' })
    expect(head.status).toBe(200)
    for (const name of ['content-type', 'content-length', 'etag', 'accept-ranges']) {
      expect(head.headers.get(name), name).toBe(whole.headers.get(name))
    }
    expect((await head.arrayBuffer()).byteLength).toBe(0)
  })

  it('comes in parts', async () => {
    const bytes = note.mp3.byteLength
    const part = await ask({ range: 'bytes=10-19' })
    expect(part.status).toBe(206)
    expect(part.headers.get('content-range')).toBe(`bytes 10-19/${bytes}`)
    expect(part.headers.get('content-length')).toBe('10')
    expect(new Uint8Array(await part.arrayBuffer())).toEqual(new Uint8Array(note.mp3.slice(10, 20)))

    const end = await ask({ range: 'bytes=-5' })
    expect(new Uint8Array(await end.arrayBuffer())).toEqual(new Uint8Array(note.mp3.slice(-5)))

    const beyond = await ask({ range: `bytes=${bytes}-` })
    expect(beyond.status).toBe(416)
    expect(beyond.headers.get('content-range')).toBe(`bytes */${bytes}`)
  })

  it('is not sent again to who has it, and whole to who has another one', async () => {
    const etag = (await ask({})).headers.get('etag')!
    expect((await ask({ 'if-none-match': etag })).status).toBe(304)
    expect((await ask({ range: 'bytes=0-1', 'if-range': etag })).status).toBe(206)
    expect((await ask({ range: 'bytes=0-1', 'if-range': '"older"' })).status).toBe(200)
  })

  it.each(['aaaaaaaaaaaaaaaaaaaaaa.mp3', 'x.mp3', '..%2fa.db', 'aaaaaaaaaaaaaaaaaaaaaa', 'aaaaaaaaaaaaaaaaaaaaaa.wav'])(
    'that is not ours is not found: %s',
    async (file) => {
      expect((await office.get(`/audio/${file}`)).status).toBe(404)
    },
  )

  it('whose file is gone is not found', async () => {
    const lost = await office.rows.record()
    const { voice_notes } = office.db.t
    const rows = await office.db.read.select().from(voice_notes)
    rmSync(join(office.deps.audioDir, `${rows.find((row) => row.id === lost.id)!.content_key}.mp3`))
    expect((await office.get(`/audio/${lost.token}.mp3`)).status).toBe(404)
  })
})

describe('a range', () => {
  it.each([
    [undefined, 'all'],
    ['bytes=0-', { start: 0, end: 99 }],
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=90-500', { start: 90, end: 99 }],
    ['bytes=-10', { start: 90, end: 99 }],
    ['bytes=-500', { start: 0, end: 99 }],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=5-2', 'all'],
    ['bytes=-', 'all'],
    ['bytes=0-1,5-6', 'all'],
    ['items=0-1', 'all'],
  ] as const)('%s of 100 bytes', (header, expected) => {
    expect(rangeOf(header, 100)).toEqual(expected)
  })
})

function ask(headers: Record<string, string>): Promise<Response> {
  return office.get(`/audio/${note.token}.mp3`, { headers })
}
