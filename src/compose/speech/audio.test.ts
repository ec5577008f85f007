import { describe, expect, it } from 'vitest'
import { join, type Pcm, peak, resample, seconds, trimSilence, withSilence } from './audio.ts'
import { filter, highPass } from './filters.ts'

describe('trimSilence', () => {
  it('cuts silence and faint noise at both ends, and keeps pauses between words', () => {
    const hiss = noise({ seconds: 0.5, level: 0.0005 })
    const word = tone({ hertz: 400, seconds: 0.4 })
    const pause = { samples: new Float32Array(4800), sampleRate: 24_000 }
    const trimmed = trimSilence(join([hiss, word, pause, word, hiss], 0))
    expect(seconds(trimmed)).toBeCloseTo(0.4 + 0.2 + 0.4 + 0.04, 2)
  })

  it('leaves nothing of pure silence', () => {
    expect(trimSilence({ samples: new Float32Array(24_000), sampleRate: 24_000 }).samples.length).toBe(0)
    expect(trimSilence({ samples: new Float32Array(0), sampleRate: 24_000 }).samples.length).toBe(0)
  })
})

describe('withSilence', () => {
  it('puts 0.3 s of zeros before and after', () => {
    const padded = withSilence(tone({ hertz: 400, seconds: 1 }))
    expect(seconds(padded)).toBeCloseTo(1.6, 6)
    expect(peak(padded.samples.subarray(0, 7200))).toBe(0)
    expect(peak(padded.samples.subarray(-7200))).toBe(0)
    expect(peak(padded.samples.subarray(7200, 7300))).toBeGreaterThan(0)
  })
})

describe('join', () => {
  it('puts the pause between the parts only', () => {
    const joined = join([tone({ hertz: 400, seconds: 1 }), tone({ hertz: 400, seconds: 2 })], 0.8)
    expect(seconds(joined)).toBeCloseTo(3.8, 6)
    expect(peak(joined.samples.subarray(24_000, 24_000 + 19_200))).toBe(0)
  })

  it('refuses nothing, and parts of different sample rates', () => {
    expect(() => join([], 1)).toThrow('nothing to join')
    const other = tone({ hertz: 400, seconds: 1, sampleRate: 22_050 })
    expect(() => join([tone({ hertz: 400, seconds: 1 }), other], 1)).toThrow('cannot join 22050 Hz to 24000 Hz')
  })
})

describe('resample', () => {
  it.each([
    [22_050, 24_000],
    [24_000, 8000],
    [16_000, 24_000],
    [44_100, 24_000],
    [24_000, 24_000],
  ])('keeps pitch, level and length from %i to %i Hz', (from, to) => {
    const converted = resample(tone({ hertz: 1000, seconds: 1, sampleRate: from }), to)
    expect(converted.sampleRate).toBe(to)
    expect(converted.samples.length).toBe(to)
    expect(amplitudeAt(converted, 1000)).toBeCloseTo(0.5, 2)
  })

  it('keeps what the lower rate cannot hold from folding back', () => {
    const converted = resample(tone({ hertz: 6000, seconds: 1 }), 8000)
    expect(peak(converted.samples.subarray(800, 7200))).toBeLessThan(0.002)
  })
})

describe('highPass', () => {
  it('takes hum away and leaves speech', () => {
    const sections = [highPass({ hertz: 120, sampleRate: 24_000 })]
    const level = (hertz: number) => {
      const { samples } = tone({ hertz, seconds: 1 })
      return amplitudeAt({ samples: filter(samples, sections).subarray(12_000), sampleRate: 24_000 }, hertz)
    }
    expect(level(30)).toBeLessThan(0.05)
    expect(level(120)).toBeCloseTo(0.5 * Math.SQRT1_2, 2)
    expect(level(300)).toBeGreaterThan(0.48)
  })
})

function tone({ hertz, seconds, sampleRate = 24_000 }: { hertz: number; seconds: number; sampleRate?: number }): Pcm {
  const sample = (_: unknown, i: number) => 0.5 * Math.sin((2 * Math.PI * hertz * i) / sampleRate)
  return { samples: Float32Array.from({ length: seconds * sampleRate }, sample), sampleRate }
}

/** A fixed sequence, so that every run hears the same hiss. */
function noise({ seconds, level }: { seconds: number; level: number }): Pcm {
  let state = 1
  const samples = Float32Array.from({ length: seconds * 24_000 }, () => {
    state = (state * 48_271) % 2_147_483_647
    return level * ((2 * state) / 2_147_483_647 - 1)
  })
  return { samples, sampleRate: 24_000 }
}

function amplitudeAt({ samples, sampleRate }: Pcm, hertz: number): number {
  let [real, imaginary] = [0, 0]
  for (const [i, sample] of samples.entries()) {
    real += sample * Math.cos((2 * Math.PI * hertz * i) / sampleRate)
    imaginary += sample * Math.sin((2 * Math.PI * hertz * i) / sampleRate)
  }
  return (2 * Math.hypot(real, imaginary)) / samples.length
}
