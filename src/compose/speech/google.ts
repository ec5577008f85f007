import type { TextToSpeechClient } from '@google-cloud/text-to-speech'
import { withCredentials, withoutCredentials } from './google-credentials.ts'
import { type Endpoint, parseEndpoint, type Transport } from './google-endpoint.ts'
import { faultOf } from './google-faults.ts'
import { type Fault, type Speech, type Spoken, speakableSsml, type Utterance } from './port.ts'
import { decodeWav } from './wav.ts'

export type GoogleOptions = {
  /** See `parseEndpoint`; a loopback endpoint is called without encryption and credentials. */
  endpoint?: string
  /** A service account's key file; without one, Google's application default credentials. */
  credentialsFile?: string
  /** For one call, from fetching the access token to the last byte. */
  timeoutMs?: number
  transport?: Transport
}

export type GoogleVoice = { name: string; languageCodes: string[]; sampleRate: number }

export type ListedVoices = { ok: true; voices: GoogleVoice[] } | Fault

export type GoogleSpeech = Speech & { listVoices(languageCode?: string): Promise<ListedVoices> }

const LINEAR16 = 1
const SAMPLE_RATE = 24_000
/** The library's deadline comes first; ours is for what happens before the library starts its clock. */
const GRACE_MS = 250

/**
 * Google Cloud Text-to-Speech. Loads its client (some 45 MB) with the first call, asks for exactly the pinned voice and for
 * uncompressed sound, tries once (retrying is the caller's decision) and gives up after `timeoutMs`. Throws `config` for an
 * endpoint that cannot be read.
 */
export function googleSpeech(options: GoogleOptions = {}): GoogleSpeech {
  return new Google({ ...options, endpoint: parseEndpoint(options) })
}

class Google implements GoogleSpeech {
  readonly engine = 'google'
  #endpoint: Endpoint
  #credentialsFile: string | undefined
  #timeoutMs: number
  #client: Promise<TextToSpeechClient> | undefined

  constructor({
    endpoint,
    credentialsFile,
    timeoutMs = 8000,
  }: { endpoint: Endpoint } & Omit<GoogleOptions, 'endpoint'>) {
    this.#endpoint = endpoint
    this.#credentialsFile = credentialsFile
    this.#timeoutMs = timeoutMs
  }

  async speak(utterance: Utterance): Promise<Spoken> {
    const speakable = speakableSsml(utterance)
    if (!speakable.ok) return speakable
    const { name, languageCode, rate } = utterance.voice
    const request = {
      input: { ssml: speakable.ssml },
      voice: { name, languageCode },
      audioConfig: {
        audioEncoding: LINEAR16,
        sampleRateHertz: SAMPLE_RATE,
        ...(rate === undefined ? {} : { speakingRate: rate }),
      },
    } as const
    const answer = await this.#call((client, callOptions) => client.synthesizeSpeech(request, callOptions))
    if (!answer.ok) return answer
    const { audioContent } = answer.value
    const audio = audioContent instanceof Uint8Array ? decodeWav(audioContent) : undefined
    if (audio && audio.samples.length > 0) return { ok: true, audio }
    return { ok: false, reason: 'refused', message: `Google Text-to-Speech: no sound came back for voice ${name}` }
  }

  async listVoices(languageCode?: string): Promise<ListedVoices> {
    const request = languageCode === undefined ? {} : { languageCode }
    const answer = await this.#call((client, callOptions) => client.listVoices(request, callOptions))
    if (!answer.ok) return answer
    const voices = (answer.value.voices ?? []).map(({ name, languageCodes, naturalSampleRateHertz }) => ({
      name: name ?? '',
      languageCodes: languageCodes ?? [],
      sampleRate: naturalSampleRateHertz ?? 0,
    }))
    return { ok: true, voices }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#dropClient()
  }

  /** The library's own retry would go on for 300 s, and its timeout does not cover the opening of the client. */
  async #call<T>(
    method: (client: TextToSpeechClient, options: { timeout: number; retry: null }) => Promise<[T, ...unknown[]]>,
  ): Promise<{ ok: true; value: T } | Fault> {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => late.reject(new TookTooLong(this.#timeoutMs)), this.#timeoutMs + GRACE_MS)
    try {
      this.#client ??= openClient({ endpoint: this.#endpoint, credentialsFile: this.#credentialsFile })
      const called = this.#client.then((client) => method(client, { timeout: this.#timeoutMs, retry: null }))
      const [value] = await Promise.race([called, late.promise])
      return { ok: true, value }
    } catch (error) {
      const fault = faultOf(error)
      // A client keeps its first answer about credentials for ever: the next call starts with a new one.
      if (fault.reason === 'credentials' || error instanceof TookTooLong) this.#dropClient()
      return fault
    } finally {
      clearTimeout(timer)
    }
  }

  /** Not awaited: opening may hang. One that never got through to credentials has nothing to close and says so by rejecting. */
  #dropClient(): void {
    this.#client?.then((client) => client.close()).catch(() => undefined)
    this.#client = undefined
  }
}

class TookTooLong extends Error {
  readonly code = 4

  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`)
  }
}

async function openClient({
  endpoint,
  credentialsFile,
}: {
  endpoint: Endpoint
  credentialsFile: string | undefined
}): Promise<TextToSpeechClient> {
  const { TextToSpeechClient } = await import('@google-cloud/text-to-speech')
  const { host, port, transport, trusted } = endpoint
  const client = new TextToSpeechClient({
    ...(host === undefined ? {} : { apiEndpoint: host }),
    ...(port === undefined ? {} : { port }),
    ...(transport === 'rest' ? { fallback: true } : {}),
    ...(trusted ? await withoutCredentials(transport) : await withCredentials(credentialsFile)),
  })
  // Without this, credentials that cannot be read end the process: each method starts it on a promise that nobody holds.
  await client.initialize()
  return client
}
