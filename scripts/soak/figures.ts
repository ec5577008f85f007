/** What one simulated day left behind. */
export type DayFigures = {
  day: number
  rss_mb: number
  /** After a collection. */
  heap_mb: number
  handles: number
  database_mb: number
  wal_mb: number
  rows: number
  deliveries: number
  audio_mb: number
  audio_files: number
  voice_notes: number
  restarts: number
}

/** The days in which caches and pools fill, and as many at each end that are compared. */
const WARM_UP = 10
const SPAN = 10
const LARGEST_WAL_MB = 64
const HANDLES_SPARE = 8

/**
 * What grew without data that explains it; empty when nothing did. Memory and handles must stay as they were after the warm-up,
 * the file must grow as its rows do, the rows as the deliveries do, and every audio file must belong to a note.
 */
export function unexplainedGrowth(days: readonly DayFigures[]): string[] {
  if (days.length < WARM_UP + 2 * SPAN)
    return [`${days.length} days are too few to judge: ${WARM_UP + 2 * SPAN} are needed`]
  const early = days.slice(WARM_UP, WARM_UP + SPAN)
  const late = days.slice(-SPAN)
  const last = days.at(-1)!
  const start = early[0]!
  const middle = early.at(-1)!
  const faults: string[] = []
  const atMost = (what: string, value: number, limit: number) => {
    if (value > limit) faults.push(`${what}: ${value.toFixed(2)}, at most ${limit.toFixed(2)} is explained`)
  }
  const median = (list: readonly DayFigures[], of: (day: DayFigures) => number) =>
    list.map(of).toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!

  atMost(
    'resident memory, MB',
    median(late, (day) => day.rss_mb),
    median(early, (day) => day.rss_mb) * 1.2 + 30,
  )
  atMost(
    'heap, MB',
    median(late, (day) => day.heap_mb),
    median(early, (day) => day.heap_mb) * 1.15 + 8,
  )
  // Mostly idle connections, of which a life after a restart has fewer: what was once needed is the measure.
  const handles = Math.max(...early.map((day) => day.handles))
  atMost(
    'file handles',
    median(late, (day) => day.handles),
    handles + HANDLES_SPARE,
  )
  atMost('write-ahead log, MB', Math.max(...days.map((day) => day.wal_mb)), LARGEST_WAL_MB)
  atMost('database bytes per row', bytesPerRow(last), bytesPerRow(middle) * 1.3)
  const before = (middle.rows - start.rows) / Math.max(1, middle.deliveries - start.deliveries)
  const after = (last.rows - late[0]!.rows) / Math.max(1, last.deliveries - late[0]!.deliveries)
  atMost('rows per delivery', after, before * 1.5 + 1)
  atMost('audio files per voice note', last.audio_files / Math.max(1, last.voice_notes), 2)
  return faults
}

function bytesPerRow({ database_mb, rows }: DayFigures): number {
  return (database_mb * 1024 * 1024) / Math.max(1, rows)
}
