import type { Office } from '../lib/office.ts'

/**
 * `dated`: a slot is a day's work. It runs once, whatever the clock does, and dated duties run one after another in the
 * order of the table. `steady`: keeps the work flowing. It runs beside all others, and again when the clock went back.
 */
type Rhythm = 'dated' | 'steady'

/** The schedule. Of missed slots only the newest runs; a failed one is tried again after its lease. */
export const SCHEDULE = [
  { name: 'scan', cron: '0 6 * * *', rhythm: 'dated', leaseMinutes: 10 },
  { name: 'overstay', cron: '5 6 * * *', rhythm: 'dated', leaseMinutes: 10 },
  { name: 'holidays', cron: '10 6 * * *', rhythm: 'dated', leaseMinutes: 10 },
  { name: 'spending', cron: '15 6 * * *', rhythm: 'dated', leaseMinutes: 10 },
  { name: 'digest', cron: '30 6 * * *', rhythm: 'dated', leaseMinutes: 10 },
  { name: 'clean', cron: '0 3 * * *', rhythm: 'dated', leaseMinutes: 10 },
  { name: 'retention', cron: '30 3 * * *', rhythm: 'dated', leaseMinutes: 30 },
  { name: 'backup', cron: '30 2 * * *', rhythm: 'dated', leaseMinutes: 30 },
  { name: 'attend', cron: '*/5 * * * *', rhythm: 'steady', leaseMinutes: 5 },
  { name: 'watch', cron: '*/5 * * * *', rhythm: 'steady', leaseMinutes: 5 },
  { name: 'mail', cron: '*/5 * * * *', rhythm: 'steady', leaseMinutes: 5 },
] as const satisfies readonly { name: string; cron: string; rhythm: Rhythm; leaseMinutes: number }[]

export type DutyName = (typeof SCHEDULE)[number]['name']

/**
 * What each duty does for the slot planned at that instant; it gives the counts to record. What it throws is recorded by
 * kind, an AppError by its words.
 */
export type DutyWork = Record<DutyName, (plannedAt: number) => Promise<Record<string, unknown>>>

export type Duty = {
  name: string
  /** Minute, hour, day, month and weekday in `timeZone`. */
  cron: string
  timeZone: string
  rhythm: Rhythm
  /** Extended while the duty runs; after a crash or a failure it is tried again when this has passed. */
  leaseMs: number
  run: (plannedAt: number) => Promise<Record<string, unknown>>
}

export function dutiesOf(office: Pick<Office, 'timeZone'>, work: DutyWork): Duty[] {
  return SCHEDULE.map(({ name, cron, rhythm, leaseMinutes }) => ({
    name,
    cron,
    timeZone: office.timeZone,
    rhythm,
    leaseMs: leaseMinutes * 60_000,
    run: work[name],
  }))
}
