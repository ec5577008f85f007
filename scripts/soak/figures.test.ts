import { describe, expect, it } from 'vitest'
import { type DayFigures, unexplainedGrowth } from './figures.ts'

describe('what grew without reason', () => {
  it('is nothing where the file grows with its rows and the rest stands still', () => {
    expect(unexplainedGrowth(days(() => ({})))).toEqual([])
  })

  const cases: [string, (day: number) => Partial<DayFigures>][] = [
    ['resident memory', (day) => ({ rss_mb: 150 + day * 3 })],
    ['heap', (day) => ({ heap_mb: 50 + day })],
    ['file handles', (day) => ({ handles: 40 + day })],
    ['write-ahead log', (day) => ({ wal_mb: day === 40 ? 65 : 1 })],
    ['database bytes per row', (day) => ({ database_mb: 2 + day * day * 0.01 })],
    ['rows per delivery', (day) => ({ rows: day * 1_000 + (day > 30 ? (day - 30) * 3_000 : 0), database_mb: 1 })],
    ['audio files', () => ({ audio_files: 25, voice_notes: 10 })],
  ]
  it.each(cases)('names %s, and nothing else', (name, grows) => {
    const faults = unexplainedGrowth(days(grows))
    expect(faults).toHaveLength(1)
    expect(faults[0]).toContain(name)
  })

  it('is not judged from too few days', () => {
    expect(unexplainedGrowth(days(() => ({})).slice(0, 20))).toEqual(['20 days are too few to judge: 30 are needed'])
  })
})

function days(change: (day: number) => Partial<DayFigures>): DayFigures[] {
  return Array.from({ length: 60 }, (_, index) => {
    const day = index + 1
    const usual: DayFigures = {
      day,
      rss_mb: 180,
      heap_mb: 60,
      handles: 40,
      database_mb: 2 + day * 0.2,
      wal_mb: 1,
      rows: 10_000 + day * 1_000,
      deliveries: day * 100,
      audio_mb: 5,
      audio_files: 20,
      voice_notes: 10,
      restarts: 0,
    }
    return { ...usual, ...change(day) }
  })
}
