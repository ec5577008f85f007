import { SegmentedMessage } from 'sms-segments-calculator'
import { describe, expect, it } from 'vitest'
import { countSegments } from './segments.ts'

const BODIES = [
  'a'.repeat(160),
  'a'.repeat(161),
  'a'.repeat(306),
  'a'.repeat(307),
  `${'a'.repeat(152)}€${'a'.repeat(152)}`,
  `${'a'.repeat(159)}€`,
  `line\nline ÄÖÜäöüßéè ñ {}[]~^|\\ @£$`,
  'š'.repeat(70),
  'š'.repeat(71),
  `${'š'.repeat(66)}😀${'š'.repeat(66)}`,
  `${'š'.repeat(66)}क्षि${'š'.repeat(66)}`,
  'การขออนุญาตอยู่ต่อ'.repeat(12),
  'ဘလိတာ လူဝင်မှုကြီးကြပ်ရေးရုံး '.repeat(7),
  '',
]

describe('countSegments', () => {
  it.each(BODIES)("agrees with the carrier's own calculator: %#", (body) => {
    const theirs = new SegmentedMessage(body, 'auto', false)
    expect(countSegments(body)).toEqual({ encoding: theirs.encodingName, segments: Math.max(1, theirs.segmentsCount) })
  })

  it('counts 160 septets as one segment and 153 in each of several', () => {
    expect(countSegments('a'.repeat(160))).toEqual({ encoding: 'GSM-7', segments: 1 })
    expect(countSegments('a'.repeat(306))).toEqual({ encoding: 'GSM-7', segments: 2 })
    expect(countSegments('a'.repeat(307))).toEqual({ encoding: 'GSM-7', segments: 3 })
  })

  it('takes one character outside the alphabet as a reason for UCS-2', () => {
    expect(countSegments(`${'a'.repeat(69)}š`)).toEqual({ encoding: 'UCS-2', segments: 1 })
    expect(countSegments(`${'a'.repeat(70)}š`)).toEqual({ encoding: 'UCS-2', segments: 2 })
  })

  it('never cuts an extension character in two', () => {
    expect(countSegments('€'.repeat(153)).segments).toBe(3)
  })
})
