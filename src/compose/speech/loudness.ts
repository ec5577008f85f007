import type { Pcm } from './audio.ts'
import { filter, kWeighting } from './filters.ts'

const BLOCK_SECONDS = 0.4
const STEPS_PER_BLOCK = 4
const ABSOLUTE_GATE = -70
const RELATIVE_GATE = -10
const LOOK_AHEAD_SECONDS = 0.005

/** Integrated loudness of one channel in LUFS (ITU-R BS.1770-4, gated); silence is -Infinity. */
export function loudness({ samples, sampleRate }: Pcm): number {
  const blocks = blockPowers({ samples: filter(samples, kWeighting(sampleRate)), sampleRate })
  const audible = blocks.filter((power) => lufs(power) > ABSOLUTE_GATE)
  const gate = lufs(mean(audible)) + RELATIVE_GATE
  return lufs(mean(audible.filter((power) => lufs(power) > gate)))
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

function blockPowers({ samples, sampleRate }: Pcm): number[] {
  const size = Math.min(samples.length, Math.round(BLOCK_SECONDS * sampleRate))
  const step = Math.max(1, Math.round(size / STEPS_PER_BLOCK))
  const powers: number[] = []
  for (let start = 0; size > 0 && start + size <= samples.length; start += step) {
    let energy = 0
    for (let i = start; i < start + size; i++) energy += samples[i]! * samples[i]!
    powers.push(energy / size)
  }
  return powers
}

function lufs(power: number): number {
  return -0.691 + 10 * Math.log10(power)
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
