import { MPEGDecoder } from 'mpg123-decoder'
import { OggOpusDecoder } from 'ogg-opus-decoder'
import type { Pcm } from '../src/compose/speech/audio.ts'

/** As a player hears it, by a decoder that is not the program's own. Throws where a frame is damaged. */
export async function decodeMp3(mp3: Uint8Array): Promise<Pcm> {
  const decoder = new MPEGDecoder()
  await decoder.ready
  const { channelData, sampleRate, errors } = decoder.decode(mp3)
  decoder.free()
  if (errors.length > 0) throw new Error(`the MP3 is damaged: ${errors[0]!.message}`)
  return { samples: new Float32Array(channelData[0]!), sampleRate }
}

export async function decodeOgg(ogg: Uint8Array): Promise<Pcm> {
  const decoder = new OggOpusDecoder()
  await decoder.ready
  const { channelData, sampleRate, errors } = await decoder.decodeFile(ogg)
  decoder.free()
  if (errors.length > 0) throw new Error(`the Ogg is damaged: ${errors[0]!.message}`)
  return { samples: new Float32Array(channelData[0]!), sampleRate }
}

/** The share of whole seconds that hold speech and not just noise. */
export function shareOfLoudSeconds({ samples, sampleRate }: Pcm): number {
  const levels = Array.from({ length: Math.floor(samples.length / sampleRate) }, (_, second) =>
    levelOf(samples.subarray(second * sampleRate, (second + 1) * sampleRate)),
  )
  return levels.filter((level) => level > 0.02).length / levels.length
}

/** Seconds of silence before the first sound and after the last. */
export function silentEnds({ samples, sampleRate }: Pcm): [number, number] {
  const audible = (sample: number) => Math.abs(sample) > 0.003
  const before = samples.findIndex(audible)
  const after = samples.length - 1 - samples.findLastIndex(audible)
  return [before / sampleRate, after / sampleRate]
}

/** Levels of windows of 20 ms: espeak's samples are never quite the same twice, the course of its loudness is. */
export function envelope({ samples, sampleRate }: Pcm): number[] {
  const size = sampleRate * 0.02
  return Array.from({ length: Math.floor(samples.length / size) }, (_, window) =>
    levelOf(samples.subarray(window * size, (window + 1) * size)),
  )
}

/** 0 for the same course, 1 for two that have nothing in common. */
export function difference(one: number[], other: number[]): number {
  let [apart, together] = [0, 0]
  for (let i = 0; i < Math.max(one.length, other.length); i++) {
    const [a, b] = [one[i] ?? 0, other[i] ?? 0]
    apart += Math.abs(a - b)
    together += Math.max(a, b)
  }
  return apart / together
}

/** A tone of 24 kHz as Google sends it: 16-bit mono in RIFF. */
export function wav({ hertz, seconds }: { hertz: number; seconds: number }): Uint8Array {
  const count = 24_000 * seconds
  const file = Buffer.alloc(44 + 2 * count)
  file.write('RIFF', 0)
  file.writeUInt32LE(36 + 2 * count, 4)
  file.write('WAVEfmt ', 8)
  file.writeUInt32LE(16, 16)
  file.writeUInt16LE(1, 20)
  file.writeUInt16LE(1, 22)
  file.writeUInt32LE(24_000, 24)
  file.writeUInt32LE(48_000, 28)
  file.writeUInt16LE(2, 32)
  file.writeUInt16LE(16, 34)
  file.write('data', 36)
  file.writeUInt32LE(2 * count, 40)
  for (let i = 0; i < count; i++) {
    file.writeInt16LE(Math.round(16_384 * Math.sin((2 * Math.PI * hertz * i) / 24_000)), 44 + 2 * i)
  }
  return file
}

function levelOf(samples: Float32Array): number {
  let energy = 0
  for (const sample of samples) energy += sample * sample
  return Math.sqrt(energy / samples.length)
}
