import type { WasmMediaEncoder } from 'wasm-media-encoders'
import type { Pcm } from './audio.ts'

/** The sample rate that `encodeMp3` and `encodeOggOpus` take: both formats know it, and it holds all that speech has. */
export const ENCODER_SAMPLE_RATE = 24_000

let encoderOfThisThread: Promise<WasmMediaEncoder<'audio/mpeg'>> | undefined

/** Mono MP3 of 48 kbit/s at 24 kHz: for `<Play>` in a call and for the note page. Throws unless the sound has 24 kHz. */
export async function encodeMp3({ samples, sampleRate }: Pcm): Promise<Uint8Array> {
  if (sampleRate !== ENCODER_SAMPLE_RATE)
    throw new Error(`MP3 is made from ${ENCODER_SAMPLE_RATE} Hz, not ${sampleRate} Hz`)
  encoderOfThisThread ??= import('wasm-media-encoders').then(({ createMp3Encoder }) => createMp3Encoder())
  const encoder = await encoderOfThisThread
  encoder.configure({ channels: 1, sampleRate, bitrate: 48, outputSampleRate: ENCODER_SAMPLE_RATE })
  // The encoder lends its output buffer: each piece is copied before the next call.
  const body = Uint8Array.from(encoder.encode([samples]))
  const end = Uint8Array.from(encoder.finalize())
  return Uint8Array.from(Buffer.concat([body, end]))
}
