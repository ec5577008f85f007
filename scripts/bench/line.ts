/** One line of the table: what the program reached, what it could have reached, measured in the same run. */
export type Line = {
  name: string
  unit: string
  value: number
  limit: number
  /** Above is better, unless `reach` begins with `<=`. */
  ratio: number
  /** As the table says it: `>= 0.30; peak RSS <= 350 MB`. */
  reach: string
  reached: boolean
  /** Peak resident memory of the measured process. */
  rss_mb: number
  note?: string
}

export type BenchOptions = {
  quick: boolean
  folder: string
  engine: 'sqlite' | 'postgres'
  seed: number
  /** Of the register that is imported and scanned, instead of its usual size. */
  rows?: number
  tell: (line: string) => void
  /** A handful of everything: whether the bench runs, not how fast. */
  tiny?: boolean
}

export type Reach = ({ atLeast: number } | { atMost: number }) & {
  rssMb?: number
  /** What else must hold, in words, and whether it does. */
  besides?: { say: string; holds: boolean }[]
}

/**
 * Judges one measurement. `better`: whether more of `value` is better (rows per second) or less (seconds); a reach of `atMost` is
 * always of value to limit.
 */
export function lineOf(measured: {
  name: string
  unit: string
  value: number
  limit: number
  better: 'more' | 'less'
  reach: Reach
  rssMb: number
  note?: string
}): Line {
  const { reach, value, limit } = measured
  const upwards = 'atMost' in reach || measured.better === 'more'
  const ratio = upwards ? value / limit : limit / value
  const wanted = 'atMost' in reach ? `<= ${reach.atMost.toFixed(1)}` : `>= ${reach.atLeast.toFixed(2)}`
  const ratioHolds = 'atMost' in reach ? ratio <= reach.atMost : ratio >= reach.atLeast
  const memoryHolds = reach.rssMb === undefined || measured.rssMb <= reach.rssMb
  return {
    name: measured.name,
    unit: measured.unit,
    value: significant(value),
    limit: significant(limit),
    ratio: Math.round(ratio * 100) / 100,
    reach: [
      wanted,
      ...(reach.rssMb === undefined ? [] : [`peak RSS <= ${reach.rssMb} MB`]),
      ...(reach.besides ?? []).map(({ say }) => say),
    ].join('; '),
    reached: ratioHolds && memoryHolds && (reach.besides ?? []).every(({ holds }) => holds),
    rss_mb: Math.round(measured.rssMb),
    ...(measured.note === undefined ? {} : { note: measured.note }),
  }
}

/** The name of a line on that engine. */
export function nameOn(name: string, engine: BenchOptions['engine']): string {
  return engine === 'postgres' ? `${name} (postgres)` : name
}

/** `full` where everything is measured, `quick` or `tiny` else. */
export function sizeFor<Size>(options: BenchOptions, sizes: { full: Size; quick: Size; tiny: Size }): Size {
  if (options.tiny) return sizes.tiny
  return options.quick ? sizes.quick : sizes.full
}

function significant(value: number): number {
  return value >= 1_000 ? Math.round(value) : Number(value.toPrecision(3))
}
