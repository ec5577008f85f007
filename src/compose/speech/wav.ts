import type { Pcm } from './audio.ts'

/** Reads a RIFF/WAVE file of 16-bit mono samples (what Google calls LINEAR16); undefined for anything else. */
export function decodeWav(bytes: Uint8Array): Pcm | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.byteLength < 12 || tag(view, 0) !== 'RIFF' || tag(view, 8) !== 'WAVE') return undefined
  let sampleRate: number | undefined
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const [name, body] = [tag(view, at), at + 8]
    // A streamed header declares more bytes than there are: what is there counts.
    const size = Math.min(view.getUint32(at + 4, true), view.byteLength - body)
    if (name === 'fmt ') sampleRate = monoSampleRate(view, body, size)
    if (name === 'data')
      return sampleRate === undefined ? undefined : { samples: samplesOf(view, body, size), sampleRate }
    at = body + size + (size % 2)
  }
  return undefined
}

function monoSampleRate(view: DataView, at: number, size: number): number | undefined {
  if (size < 16) return undefined
  const [format, channels, bits] = [
    view.getUint16(at, true),
    view.getUint16(at + 2, true),
    view.getUint16(at + 14, true),
  ]
  return format === 1 && channels === 1 && bits === 16 ? view.getUint32(at + 4, true) : undefined
}

function samplesOf(view: DataView, at: number, size: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: Math.floor(size / 2) }, (_, i) => view.getInt16(at + 2 * i, true) / 32_768)
}

function tag(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3))
}
