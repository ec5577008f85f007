/** One channel of sound; samples between -1 and 1. */
export type Pcm = { samples: Float32Array<ArrayBuffer>; sampleRate: number }

const WINDOW_SECONDS = 0.01
const KEPT_WINDOWS = 2

/** Cuts leading and trailing windows of 10 ms that are more than `floorDb` below the loudest one; all silence becomes empty. */
export function trimSilence({ samples, sampleRate }: Pcm, { floorDb = 45 } = {}): Pcm {
  const size = Math.round(sampleRate * WINDOW_SECONDS)
  const levels = windowLevels({ samples, size })
  const loudest = levels.reduce((most, level) => Math.max(most, level), 0)
  const floor = loudest * 10 ** (-floorDb / 20)
  const audible = (level: number) => level > 0 && level >= floor
  const first = levels.findIndex(audible)
  if (first === -1) return { samples: new Float32Array(0), sampleRate }
  const last = levels.findLastIndex(audible)
  const from = Math.max(0, first - KEPT_WINDOWS) * size
  const to = Math.min(samples.length, (last + 1 + KEPT_WINDOWS) * size)
  return { samples: samples.slice(from, to), sampleRate }
}

/** The sound with this much silence before and after it. */
export function withSilence({ samples, sampleRate }: Pcm, seconds = 0.3): Pcm {
  const pad = Math.round(seconds * sampleRate)
  const padded = new Float32Array(samples.length + 2 * pad)
  padded.set(samples, pad)
  return { samples: padded, sampleRate }
}

/** The parts one after another with a pause between each two. Throws unless all have one sample rate. */
export function join(parts: readonly Pcm[], gapSeconds: number): Pcm {
  const [first] = parts
  if (first === undefined) throw new Error('there is nothing to join')
  const { sampleRate } = first
  const gap = Math.round(gapSeconds * sampleRate)
  const length = parts.reduce((sum, part) => sum + part.samples.length, gap * (parts.length - 1))
  const joined = new Float32Array(length)
  let at = 0
  for (const part of parts) {
    if (part.sampleRate !== sampleRate) throw new Error(`cannot join ${part.sampleRate} Hz to ${sampleRate} Hz`)
    joined.set(part.samples, at)
    at += part.samples.length + gap
  }
  return { samples: joined, sampleRate }
}

/** Band-limited conversion (windowed sinc); keeps the pitch and the length in seconds. */
export function resample({ samples, sampleRate }: Pcm, wanted: number): Pcm {
  if (sampleRate === wanted) return { samples, sampleRate }
  const divisor = greatestCommonDivisor(sampleRate, wanted)
  const [up, down] = [wanted / divisor, sampleRate / divisor]
  const { phases, taps } = sincPhases({ up, bandwidth: Math.min(1, wanted / sampleRate) })
  const before = taps / 2 - 1
  const padded = new Float32Array(samples.length + 2 * taps)
  padded.set(samples, before)
  const converted = new Float32Array(Math.round((samples.length * up) / down))
  for (let i = 0; i < converted.length; i++) {
    const start = Math.floor((i * down) / up)
    const phase = phases[(i * down) % up]!
    let sum = 0
    for (let tap = 0; tap < taps; tap++) sum += padded[start + tap]! * phase[tap]!
    converted[i] = sum
  }
  return { samples: converted, sampleRate: wanted }
}

/** The largest magnitude; above 1 a player clips. */
export function peak(samples: Float32Array): number {
  let most = 0
  for (const sample of samples) most = Math.max(most, Math.abs(sample))
  return most
}

export function seconds({ samples, sampleRate }: Pcm): number {
  return samples.length / sampleRate
}

function windowLevels({ samples, size }: { samples: Float32Array; size: number }): number[] {
  return Array.from({ length: Math.ceil(samples.length / size) }, (_, index) => {
    const window = samples.subarray(index * size, (index + 1) * size)
    let energy = 0
    for (const sample of window) energy += sample * sample
    return Math.sqrt(energy / window.length)
  })
}

function sincPhases({ up, bandwidth }: { up: number; bandwidth: number }): { phases: Float64Array[]; taps: number } {
  const cutoff = 0.95 * bandwidth
  const taps = 2 * Math.ceil(16 / bandwidth)
  const phases = Array.from({ length: up }, (_, phase) => {
    const weights = Float64Array.from({ length: taps }, (_, tap) => {
      const distance = tap - taps / 2 + 1 - phase / up
      return sinc(cutoff * distance) * blackman(distance / (taps / 2))
    })
    const gain = weights.reduce((sum, weight) => sum + weight, 0)
    return weights.map((weight) => weight / gain)
  })
  return { phases, taps }
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)
}

/** The Blackman window over -1 to 1. */
function blackman(x: number): number {
  return 0.42 + 0.5 * Math.cos(Math.PI * x) + 0.08 * Math.cos(2 * Math.PI * x)
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
