import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { wav } from '../../../test/audio.ts'
import { freePort } from '../../lib/free-port.ts'
import { type Fails, grpcGoogle, restGoogle } from './fake-google.ts'
import { googleSpeech } from './google.ts'
import { MAX_UTTERANCE_BYTES, type Utterance } from './port.ts'

const VOICE = { engine: 'google', name: 'id-ID-Wavenet-B', languageCode: 'id-ID', rate: 0.9 } as const
const NOTICE: Utterance = {
  text: 'Selamat pagi.',
  ssml: '<speak>Selamat pagi.<break time="500ms"/></speak>',
  voice: VOICE,
}

const transports = [
  ['gRPC', grpcGoogle],
  ['REST', restGoogle],
] as const

describe.each(transports)('the Google engine over %s', (_name, startGoogle) => {
  it('asks for exactly the pinned voice, uncompressed, and hears what comes back', async () => {
    await using google = await startGoogle(wav({ hertz: 440, seconds: 2 }))
    const spoken = await speak(google, NOTICE)
    expect(google.calls.map((call) => call.request)).toEqual([
      {
        input: { ssml: NOTICE.ssml },
        voice: { name: 'id-ID-Wavenet-B', languageCode: 'id-ID' },
        audioConfig: { audioEncoding: 'LINEAR16', sampleRateHertz: 24_000, speakingRate: 0.9 },
      },
    ])
    if (!spoken.ok) throw new Error(spoken.message)
    expect(spoken.audio.sampleRate).toBe(24_000)
    expect(spoken.audio.samples.length).toBe(48_000)
    expect(spoken.audio.samples.slice(0, 4).map((sample) => Math.round(sample * 100))).toEqual(
      Float32Array.of(0, 6, 11, 17),
    )
  })

  it('sends no credentials to a loopback endpoint', async () => {
    await using google = await startGoogle(wav({ hertz: 440, seconds: 1 }))
    await speak(google, NOTICE)
    expect(Object.keys(google.calls[0]!.headers)).not.toContain('authorization')
  })

  const faults: [string, Fails, string][] = [
    ['an exhausted quota', { code: 8, message: 'Quota exceeded for requests per minute' }, 'quota'],
    ['an unavailable service', { code: 14, message: 'The service is currently unavailable' }, 'unavailable'],
    ['an internal error', { code: 13, message: 'Internal error' }, 'unavailable'],
    ['a voice that does not exist', { code: 3, message: "Voice 'id-ID-Wavenet-B' does not exist" }, 'voice'],
    [
      'markup it cannot read',
      { code: 3, message: 'Invalid SSML. Newer voices like Neural2 require valid SSML.' },
      'refused',
    ],
    [
      'a script it finds too long',
      { code: 3, message: 'input.ssml is longer than the limit of 5000 bytes' },
      'too-long',
    ],
    [
      'credentials it does not know',
      { code: 16, message: 'Request had invalid authentication credentials' },
      'credentials',
    ],
    ['a project without the API', { code: 7, message: 'API has not been used in project 1 before' }, 'credentials'],
    ['an unknown refusal', { code: 9, message: 'Failed precondition' }, 'refused'],
  ]
  it.each(faults)('calls once and reports %s', async (_what, fails, reason) => {
    await using google = await startGoogle(fails)
    const spoken = await speak(google, NOTICE)
    expect(spoken).toMatchObject({ ok: false, reason })
    expect(spoken).toHaveProperty('message', expect.stringContaining(fails.message))
    expect(google.calls.length).toBe(1)
  })

  it('gives up at its own deadline when no answer comes', async () => {
    await using google = await startGoogle('silence')
    expect(await speak(google, NOTICE, { timeoutMs: 150 })).toMatchObject({ ok: false, reason: 'deadline' })
    expect(google.calls.length).toBe(1)
  })

  it('refuses sound that it cannot read', async () => {
    await using google = await startGoogle(new TextEncoder().encode('not a WAV file'))
    expect(await speak(google, NOTICE)).toMatchObject({ ok: false, reason: 'refused' })
  })

  it('refuses a script over 5000 bytes itself, markup and UTF-8 counted', async () => {
    await using google = await startGoogle(wav({ hertz: 440, seconds: 1 }))
    const room = MAX_UTTERANCE_BYTES - Buffer.byteLength('<speak></speak>')
    const fits = `<speak>${'ก'.repeat(Math.floor(room / 3))}</speak>`
    const exceeds = `<speak>${'ก'.repeat(Math.ceil(room / 3))}</speak>`
    expect(exceeds.length).toBeLessThan(MAX_UTTERANCE_BYTES)
    expect(await speak(google, { ...NOTICE, ssml: exceeds })).toMatchObject({ ok: false, reason: 'too-long' })
    expect(google.calls.length).toBe(0)
    expect(await speak(google, { ...NOTICE, ssml: fits })).toMatchObject({ ok: true })
  })

  it('lists the voices on offer', async () => {
    await using google = await startGoogle(wav({ hertz: 440, seconds: 1 }))
    await using speech = googleSpeech({ endpoint: google.endpoint })
    expect(await speech.listVoices('id-ID')).toEqual({
      ok: true,
      voices: [{ name: 'id-ID-Wavenet-B', languageCodes: ['id-ID'], sampleRate: 24_000 }],
    })
    expect(google.calls[0]!.request).toEqual({ languageCode: 'id-ID' })
  })
})

describe('the Google engine', () => {
  it.each([['127.0.0.1'], ['http://127.0.0.1']])('reports %s as unavailable when nobody listens', async (host) => {
    const port = await freePort()
    expect(await speak({ endpoint: `${host}:${port}` }, NOTICE)).toMatchObject({
      ok: false,
      reason: 'unavailable',
    })
  })

  it('reports a missing key file, and reads it anew at the next call', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'google-key-'))
    const credentialsFile = join(folder.path, 'key.json')
    await using speech = googleSpeech({ credentialsFile })
    const missing = await speech.speak(NOTICE)
    await writeFile(credentialsFile, '{ "type": "authorized_user" }')
    const wrong = await speech.speak(NOTICE)
    expect(missing).toMatchObject({ ok: false, reason: 'credentials', message: expect.stringContaining('ENOENT') })
    expect(wrong).toMatchObject({
      ok: false,
      reason: 'credentials',
      message: expect.stringContaining('service account'),
    })
  })

  it('refuses an endpoint without encryption beyond loopback', () => {
    expect(() => googleSpeech({ endpoint: 'http://tts.example.org:80' })).toThrow(/GOOGLE_TTS_ENDPOINT/)
  })
})

async function speak({ endpoint }: { endpoint: string }, utterance: Utterance, { timeoutMs = 5000 } = {}) {
  await using speech = googleSpeech({ endpoint, timeoutMs })
  return await speech.speak(utterance)
}
