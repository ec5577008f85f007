import { describe, expect, it } from 'vitest'
import { join, type Pcm, peak } from './audio.ts'
import { kWeighting } from './filters.ts'
import { limit, loudness, normalise } from './loudness.ts'

describe('kWeighting', () => {
  it('has the coefficients of ITU-R BS.1770 at 48 kHz', () => {
    const [shelf, cut] = kWeighting(48_000)
    expect(shelf.b0).toBeCloseTo(1.53512485958697, 10)
    expect(shelf.b1).toBeCloseTo(-2.69169618940638, 10)
    expect(shelf.b2).toBeCloseTo(1.19839281085285, 10)
    expect(shelf.a1).toBeCloseTo(-1.69065929318241, 10)
    expect(shelf.a2).toBeCloseTo(0.73248077421585, 10)
    expect(cut.a1).toBeCloseTo(-1.99004745483398, 10)
    expect(cut.a2).toBeCloseTo(0.99007225036621, 10)
  })
})

describe('loudness', () => {
  it.each([
    [0, 48_000, -3.01],
    [-20, 48_000, -23.01],
    [-20, 24_000, -23.01],
    [-20, 22_050, -23.01],
    [-40, 24_000, -43.01],
  ])('hears a 997 Hz tone of %i dBFS at %i Hz as %f LUFS', (decibels, sampleRate, lufs) => {
    expect(loudness(tone({ decibels, seconds: 3, sampleRate }))).toBeCloseTo(lufs, 1)
  })

  it('does not count pauses', () => {
    const spoken = tone({ decibels: -20, seconds: 5 })
    const withPause = join([spoken, spoken], 10)
    expect(loudness(withPause)).toBeCloseTo(loudness(spoken), 0)
  })

  it('calls silence minus infinity', () => {
    expect(loudness({ samples: new Float32Array(48_000), sampleRate: 48_000 })).toBe(-Infinity)
    expect(loudness({ samples: new Float32Array(0), sampleRate: 48_000 })).toBe(-Infinity)
  })
})

describe('normalise', () => {
  it.each([-45, -30, -10])('brings %i dBFS to -16 LUFS', (decibels) => {
    expect(loudness(normalise(tone({ decibels, seconds: 3 })))).toBeCloseTo(-16, 0)
  })

  it('reaches the loudness under the ceiling where peaks stand far above the speech', () => {
    const spiky = tone({ decibels: -30, seconds: 3 })
    for (let at = 1000; at < spiky.samples.length; at += 4800) spiky.samples[at] = 0.9
    const levelled = normalise(spiky)
    expect(Math.abs(loudness(levelled) + 16)).toBeLessThan(1)
    expect(peak(levelled.samples)).toBeLessThanOrEqual(10 ** (-1 / 20) + 1e-6)
  })

  it('leaves silence alone', () => {
    const silence = { samples: new Float32Array(24_000), sampleRate: 24_000 }
    expect(peak(normalise(silence).samples)).toBe(0)
  })
})

describe('limit', () => {
  it('turns down around a peak only, and never steeply', () => {
    const { samples, sampleRate } = tone({ decibels: -20, seconds: 1 })
    samples[12_000] = 1
    const limited = limit({ samples, sampleRate }, { ceiling: 0.5 }).samples
    expect(limited[12_000]).toBeCloseTo(0.5, 6)
    expect(limited.subarray(0, 11_700)).toEqual(samples.subarray(0, 11_700))
    expect(limited.subarray(12_300)).toEqual(samples.subarray(12_300))
  })
})

function tone({
  decibels,
  seconds,
  sampleRate = 24_000,
}: {
  decibels: number
  seconds: number
  sampleRate?: number
}): Pcm {
  const amplitude = 10 ** (decibels / 20)
  const sample = (_: unknown, i: number) => amplitude * Math.sin((2 * Math.PI * 997 * i) / sampleRate)
  return { samples: Float32Array.from({ length: seconds * sampleRate }, sample), sampleRate }
}
