/**
 * How long a piece of audio plays, in milliseconds: MP3 by counting frames, WAV and Ogg by their headers; anything
 * else is taken for 32 kbit/s.
 */
export function audioLengthMs(bytes: Buffer): number {
  if (bytes.toString('latin1', 0, 4) === 'RIFF') return wavLengthMs(bytes)
  if (bytes.toString('latin1', 0, 4) === 'OggS') return oggLengthMs(bytes)
  const mp3 = mp3LengthMs(bytes)
  return mp3 > 0 ? mp3 : Math.round((bytes.length * 8) / 32)
}

const bitrates = {
  mpeg1: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  mpeg2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
}
const sampleRates = [44100, 48000, 32000]

function mp3LengthMs(bytes: Buffer): number {
  let at = afterId3(bytes)
  let milliseconds = 0
  while (at + 4 <= bytes.length) {
    const frame = mp3Frame(bytes.readUInt32BE(at))
    if (frame) milliseconds += frame.milliseconds
    at += frame ? frame.bytes : 1
  }
  return Math.round(milliseconds)
}

/** Layer III only; undefined where the four bytes are no frame header. */
function mp3Frame(header: number): { bytes: number; milliseconds: number } | undefined {
  const version = (header >>> 19) & 3
  const bitrateIndex = (header >>> 12) & 15
  const rateIndex = (header >>> 10) & 3
  const isFrame = header >>> 21 === 0x7ff && version !== 1 && ((header >>> 17) & 3) === 1
  if (!isFrame || bitrateIndex === 0 || bitrateIndex === 15 || rateIndex === 3) return undefined
  const mpeg1 = version === 3
  const sampleRate = sampleRates[rateIndex]! / (mpeg1 ? 1 : version === 2 ? 2 : 4)
  const bitrate = (mpeg1 ? bitrates.mpeg1 : bitrates.mpeg2)[bitrateIndex]! * 1000
  const samples = mpeg1 ? 1152 : 576
  const padding = (header >>> 9) & 1
  return {
    bytes: Math.floor((samples / 8) * (bitrate / sampleRate)) + padding,
    milliseconds: (samples / sampleRate) * 1000,
  }
}

function afterId3(bytes: Buffer): number {
  if (bytes.toString('latin1', 0, 3) !== 'ID3' || bytes.length < 10) return 0
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(6, 10)
  return 10 + ((a << 21) | (b << 14) | (c << 7) | d)
}

function wavLengthMs(bytes: Buffer): number {
  let bytesPerSecond = 0
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32LE(at + 4)
    const name = bytes.toString('latin1', at, at + 4)
    if (name === 'fmt ' && at + 20 <= bytes.length) bytesPerSecond = bytes.readUInt32LE(at + 16)
    if (name === 'data' && bytesPerSecond > 0) {
      return Math.round((Math.min(size, bytes.length - at - 8) / bytesPerSecond) * 1000)
    }
    at += 8 + size + (size % 2)
  }
  return 0
}

/** Opus in Ogg: the last page's granule position counts samples at 48 kHz, pre-skip included. */
function oggLengthMs(bytes: Buffer): number {
  const last = bytes.lastIndexOf('OggS')
  const head = bytes.indexOf('OpusHead')
  if (last + 14 > bytes.length) return 0
  const preSkip = head >= 0 && head + 12 <= bytes.length ? bytes.readUInt16LE(head + 10) : 0
  return Math.max(0, Math.round((Number(bytes.readBigUInt64LE(last + 6)) - preSkip) / 48))
}
