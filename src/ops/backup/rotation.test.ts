import { describe, expect, it } from 'vitest'
import { expired } from './rotation.ts'

const TIME_ZONE = 'Asia/Jakarta'

/** At 02:30 office time, unless another time is given. */
function made(...names: string[]) {
  return names.map((name) => {
    const [date, time = '02:30'] = name.split(' ')
    return { name, madeAt: Temporal.PlainDateTime.from(`${date}T${time}`).toZonedDateTime(TIME_ZONE).epochMilliseconds }
  })
}

function left(names: string[], keep: { daily: number; weekly: number }): string[] {
  const gone = new Set(expired(made(...names), { keep, timeZone: TIME_ZONE }))
  return names.filter((name) => !gone.has(name))
}

describe('which backups are kept', () => {
  it.each<[string, string[], { daily: number; weekly: number }, string[]]>([
    ['nothing of nothing', [], { daily: 14, weekly: 8 }, []],
    [
      'as many days as asked for',
      ['2026-06-01', '2026-06-02', '2026-06-03'],
      { daily: 2, weekly: 0 },
      ['2026-06-02', '2026-06-03'],
    ],
    [
      'the newest of a day',
      ['2026-06-02 02:30', '2026-06-02 14:00', '2026-06-03'],
      { daily: 2, weekly: 0 },
      ['2026-06-02 14:00', '2026-06-03'],
    ],
    [
      'the newest of a week, Monday to Sunday',
      ['2026-05-31', '2026-06-01', '2026-06-07', '2026-06-08'],
      { daily: 1, weekly: 3 },
      ['2026-05-31', '2026-06-07', '2026-06-08'],
    ],
    ['the newest though nothing is to be kept', ['2026-06-01', '2026-06-02'], { daily: 0, weekly: 0 }, ['2026-06-02']],
    [
      'days that have one, however long ago',
      ['2026-01-10', '2026-03-20', '2026-06-02'],
      { daily: 3, weekly: 0 },
      ['2026-01-10', '2026-03-20', '2026-06-02'],
    ],
    [
      "by the office's midnight, not by that of Greenwich",
      ['2026-06-01 23:30', '2026-06-02 00:30'],
      { daily: 2, weekly: 0 },
      ['2026-06-01 23:30', '2026-06-02 00:30'],
    ],
  ])('%s', (_case, names, keep, expected) => {
    expect(left(names, keep)).toEqual(expected)
  })

  it('14 days and 8 weeks of a year of daily ones', () => {
    const first = Temporal.PlainDate.from('2025-06-03')
    const names = Array.from({ length: 365 }, (_, day) => first.add({ days: day }).toString())
    const kept = left(names, { daily: 14, weekly: 8 })
    expect(kept.slice(-14)).toEqual(names.slice(-14))
    expect(kept.slice(0, -14)).toEqual(['2026-04-19', '2026-04-26', '2026-05-03', '2026-05-10', '2026-05-17'])
  })
})
