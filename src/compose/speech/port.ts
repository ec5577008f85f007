import type { Pcm } from './audio.ts'

export type Engine = 'google' | 'espeak'

/**
 * A pinned voice: no engine may choose another one. `rate` is in the engine's own unit: words a minute for espeak
 * (80 to 450), a factor for google (0.25 to 2, where 1 is the voice's natural pace).
 */
export type Voice = { engine: Engine; name: string; languageCode: string; rate?: number }

/** What is said: `ssml` is spoken; `text` is its plain form, spoken where `ssml` is empty. */
export type Utterance = { text: string; ssml: string; voice: Voice }

export type SpeechFault =
  | 'quota'
  | 'unavailable'
  | 'deadline'
  | 'voice'
  | 'too-long'
  | 'credentials'
  | 'crashed'
  | 'refused'

/**
 * `message` is for the operator at a terminal and never logged: a service may quote in it what it was asked to say. `code` is the
 * service's own, where it has one.
 */
export type Fault = { ok: false; reason: SpeechFault; message: string; code?: number | string }

export type Spoken = { ok: true; audio: Pcm } | Fault

/** An engine that turns one utterance into sound. Expected failures are values; it throws only for defects. */
export type Speech = AsyncDisposable & { engine: Engine; speak(utterance: Utterance): Promise<Spoken> }

/** Google's limit for one request, in bytes of UTF-8 with the markup counted; kept for espeak too, so that scripts suit both. */
export const MAX_UTTERANCE_BYTES = 5000

/** The markup to be spoken, within `MAX_UTTERANCE_BYTES`, or the fault that refuses it. */
export function speakableSsml(utterance: Utterance): { ok: true; ssml: string } | Fault {
  const ssml = utterance.ssml === '' ? `<speak>${escapeXml(utterance.text)}</speak>` : utterance.ssml
  const bytes = Buffer.byteLength(ssml)
  if (bytes <= MAX_UTTERANCE_BYTES) return { ok: true, ssml }
  const message = `the script for voice ${utterance.voice.name} has ${bytes} bytes; at most ${MAX_UTTERANCE_BYTES} are allowed`
  return { ok: false, reason: 'too-long', message }
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
