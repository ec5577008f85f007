import type { Pcm } from './audio.ts'
import { filter, kWeighting } from './filters.ts'

const BLOCK_SECONDS = 0.4
const ABSOLUTE_GATE = -70
const RELATIVE_GATE = -10
const LOOK_AHEAD_SECONDS = 0.005
/** The limiter swallows two fifths of any further gain: asking for this much more saves rounds. */
const BEYOND_LIMITER = 1.7

/** Integrated loudness of one channel in LUFS (ITU-R BS.1770-4, gated); silence is -Infinity. */
export function loudness({ samples, sampleRate }: Pcm): number {
  const blocks = blockPowers({ samples: filter(samples, kWeighting(sampleRate)), sampleRate })
  const audible = blocks.filter((block) => lufs(block) > ABSOLUTE_GATE)
  const gate = lufs(mean(audible)) + RELATIVE_GATE
  return lufs(mean(audible.filter((block) => lufs(block) > gate)))
}

/**
 * Brings speech to a loudness and keeps every sample under the ceiling. What the limiter takes away is given back in
 * the next round, so the result is within 1 LU of `lufs` for anything that speech can be. Silence stays silence.
 */
export function normalise(pcm: Pcm, { lufs = -16, ceilingDb = -1 } = {}): Pcm {
  const ceiling = 10 ** (ceilingDb / 20)
  let difference = lufs - loudness(pcm)
  if (!Number.isFinite(difference)) return pcm
  let gain = 1
  let levelled = pcm
  for (let round = 0; round < 5; round++) {
    gain *= 10 ** (difference / 20)
    levelled = limit(pcm, { gain, ceiling })
    difference = lufs - loudness(levelled)
    if (Math.abs(difference) < 0.2) break
    difference *= BEYOND_LIMITER
  }
  return levelled
}

/** A look-ahead peak limiter: turns down smoothly around peaks instead of clipping them. No sample exceeds the ceiling. */
export function limit({ samples, sampleRate }: Pcm, { gain = 1, ceiling }: { gain?: number; ceiling: number }): Pcm {
  const reach = Math.round(sampleRate * LOOK_AHEAD_SECONDS)
  const allowed = samples.map((sample) => Math.min(gain, ceiling / Math.abs(sample)))
  const gains = movingMean(movingMinimum(allowed, reach), reach)
  const limited = samples.map((sample, i) => Math.max(-ceiling, Math.min(ceiling, sample * gains[i]!)))
  return { samples: limited, sampleRate }
}

/** Mean powers of blocks of 400 ms, a new one every 100 ms; sound shorter than a block is one block. */
function blockPowers({ samples, sampleRate }: Pcm): number[] {
  const step = Math.max(1, Math.min(Math.floor(samples.length / 4), Math.round((BLOCK_SECONDS * sampleRate) / 4)))
  const steps = Array.from({ length: Math.floor(samples.length / step) }, (_, i) => power(samples, i * step, step))
  return steps.slice(3).map((last, i) => (steps[i]! + steps[i + 1]! + steps[i + 2]! + last) / 4)
}

function power(samples: Float32Array, start: number, length: number): number {
  let energy = 0
  for (let i = start; i < start + length; i++) energy += samples[i]! * samples[i]!
  return energy / length
}

function lufs(meanPower: number): number {
  return -0.691 + 10 * Math.log10(meanPower)
}

function mean(values: number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}

/** For each place the least value within `reach` of it on either side; a queue of candidates keeps it linear. */
function movingMinimum(values: Float32Array, reach: number): Float32Array {
  const queue = new Int32Array(values.length)
  const least = new Float32Array(values.length)
  let [head, tail, next] = [0, 0, 0]
  for (let at = 0; at < values.length; at++) {
    for (; next < values.length && next <= at + reach; next++) {
      while (tail > head && values[queue[tail - 1]!]! >= values[next]!) tail--
      queue[tail++] = next
    }
    while (queue[head]! < at - reach) head++
    least[at] = values[queue[head]!]!
  }
  return least
}

/** For each place the mean of the values within `reach` of it; beyond the ends the end value goes on. */
function movingMean(values: Float32Array, reach: number): Float32Array {
  const last = values.length - 1
  const means = new Float32Array(values.length)
  let sum = 0
  for (let i = -reach; i <= reach; i++) sum += values[Math.max(0, Math.min(last, i))] ?? 0
  for (let i = 0; i <= last; i++) {
    means[i] = sum / (2 * reach + 1)
    sum += values[Math.min(last, i + reach + 1)]! - values[Math.max(0, i - reach)]!
  }
  return means
}
