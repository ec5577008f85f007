import { createRequire } from 'node:module'
import type { OggOpusPage } from 'opus-encdec/src/oggOpusEncoder.js'
import type { Pcm } from './audio.ts'
import { ENCODER_SAMPLE_RATE } from './mp3.ts'

const FRAME_SAMPLES = (ENCODER_SAMPLE_RATE * 20) / 1000
const FRAMES_PER_PAGE = 50
const VOICE = 2048
const BITS_PER_SECOND = 24_000
/** The header that the library writes tells players to drop the first 80 ms. */
const DROPPED_BY_PLAYERS = (ENCODER_SAMPLE_RATE * 80) / 1000

/**
 * Mono Opus of about 24 kbit/s in Ogg: WhatsApp shows it as a voice note while it is under 512 KB (over two minutes).
 * Throws unless the sound has 24 kHz. The library replaces the thread's handlers for uncaught errors: call it in the
 * worker thread only.
 */
export function encodeOggOpus({ samples, sampleRate }: Pcm): Uint8Array {
  if (sampleRate !== ENCODER_SAMPLE_RATE)
    throw new Error(`Opus is made from ${ENCODER_SAMPLE_RATE} Hz, not ${sampleRate} Hz`)
  const require = createRequire(import.meta.url)
  const library = require('opus-encdec/dist/libopus-encoder.wasm.min.js')
  const {
    OggOpusEncoder,
  }: typeof import('opus-encdec/src/oggOpusEncoder.js') = require('opus-encdec/src/oggOpusEncoder.js')
  const encoder = new OggOpusEncoder(
    {
      encoderApplication: VOICE,
      encoderBitRate: BITS_PER_SECOND,
      encoderSampleRate: ENCODER_SAMPLE_RATE,
      originalSampleRate: ENCODER_SAMPLE_RATE,
      maxFramesPerPage: FRAMES_PER_PAGE,
      numberOfChannels: 1,
      serial: 1,
    },
    library,
  )
  const pages: OggOpusPage[] = [encoder.generateIdPage(), encoder.generateCommentPage()]
  for (const frame of wholeFrames(samples)) pages.push(...encoder.encode([frame]))
  pages.push(...encoder.encodeFinalFrame())
  encoder.destroy()
  return Uint8Array.from(Buffer.concat(pages.map(({ page }) => page)))
}

/** The library loses a last incomplete frame and ends an exactly full last page with an empty one: neither is left to it. */
function wholeFrames(samples: Float32Array): Float32Array[] {
  const needed = Math.ceil((DROPPED_BY_PLAYERS + samples.length) / FRAME_SAMPLES)
  const count = needed % FRAMES_PER_PAGE === 0 ? needed + 1 : needed
  const padded = new Float32Array(count * FRAME_SAMPLES)
  padded.set(samples, DROPPED_BY_PLAYERS)
  return Array.from({ length: count }, (_, i) => padded.subarray(i * FRAME_SAMPLES, (i + 1) * FRAME_SAMPLES))
}
