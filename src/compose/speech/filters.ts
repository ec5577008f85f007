/** A second-order section, normalised so that a0 is 1. */
export type Biquad = { b0: number; b1: number; b2: number; a1: number; a2: number }

/** Runs the samples through the sections one after another, into a new array. */
export function filter(samples: Float32Array, sections: readonly Biquad[]): Float32Array<ArrayBuffer> {
  const filtered = new Float32Array(samples)
  for (const section of sections) runInPlace(filtered, section)
  return filtered
}

/** Butterworth high-pass: takes away rumble that a telephone line cannot carry but loudness would count. */
export function highPass({ hertz, sampleRate }: { hertz: number; sampleRate: number }): Biquad {
  const k = Math.tan((Math.PI * hertz) / sampleRate)
  const q = Math.SQRT1_2
  const a0 = 1 + k / q + k * k
  return { b0: 1 / a0, b1: -2 / a0, b2: 1 / a0, a1: (2 * (k * k - 1)) / a0, a2: (1 - k / q + k * k) / a0 }
}

/**
 * The K-weighting of ITU-R BS.1770 (a high shelf for the head, then a high-pass) at any sample rate; at 48 kHz it
 * gives the coefficients printed in the recommendation's tables 1 and 2.
 */
export function kWeighting(sampleRate: number): [Biquad, Biquad] {
  return [headShelf(sampleRate), lowCut(sampleRate)]
}

function headShelf(sampleRate: number): Biquad {
  const k = Math.tan((Math.PI * 1681.974450955533) / sampleRate)
  const q = 0.7071752369554196
  const high = 10 ** (3.999843853973347 / 20)
  const band = high ** 0.4996667741545416
  const a0 = 1 + k / q + k * k
  return {
    b0: (high + (band * k) / q + k * k) / a0,
    b1: (2 * (k * k - high)) / a0,
    b2: (high - (band * k) / q + k * k) / a0,
    a1: (2 * (k * k - 1)) / a0,
    a2: (1 - k / q + k * k) / a0,
  }
}

function lowCut(sampleRate: number): Biquad {
  const k = Math.tan((Math.PI * 38.13547087602444) / sampleRate)
  const q = 0.5003270373238773
  const a0 = 1 + k / q + k * k
  return { b0: 1, b1: -2, b2: 1, a1: (2 * (k * k - 1)) / a0, a2: (1 - k / q + k * k) / a0 }
}

function runInPlace(samples: Float32Array, { b0, b1, b2, a1, a2 }: Biquad): void {
  let [x1, x2, y1, y2] = [0, 0, 0, 0]
  for (let i = 0; i < samples.length; i++) {
    const x = samples[i]!
    const y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
    x2 = x1
    x1 = x
    y2 = y1
    y1 = y
    samples[i] = y
  }
}
