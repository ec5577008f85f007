declare const civil: unique symbol

/** A calendar date in the office's time zone, `YYYY-MM-DD`. Compares bytewise. Never an instant. */
export type CivilDate = string & { readonly [civil]: true }

/** Throws a RangeError unless `text` is a real calendar date written `YYYY-MM-DD`. */
export function civilDate(text: string): CivilDate {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) throw new RangeError(`not a date written YYYY-MM-DD: ${text}`)
  // Days that every month has: no calendar need be asked.
  if (/-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])$/.test(text)) return text as CivilDate
  return Temporal.PlainDate.from(text, { overflow: 'reject' }).toString() as CivilDate
}

/** The calendar date at `instant` (epoch ms) in `timeZone`. */
export function dateAt(instant: number, timeZone: string): CivilDate {
  return zoned(instant, timeZone).toPlainDate().toString() as CivilDate
}

/** `later - earlier` in whole days; negative when `later` is the earlier one. */
export function daysBetween(earlier: CivilDate, later: CivilDate): number {
  return Temporal.PlainDate.from(earlier).until(Temporal.PlainDate.from(later), { largestUnit: 'days' }).days
}

export function addDays(date: CivilDate, days: number): CivilDate {
  return Temporal.PlainDate.from(date).add({ days }).toString() as CivilDate
}

/** 1 is Monday, 7 is Sunday. */
export function weekday(date: CivilDate): number {
  return Temporal.PlainDate.from(date).dayOfWeek
}

export function yearOf(date: CivilDate): number {
  return Number(date.slice(0, 4))
}

declare const timeOfDay: unique symbol

/** A wall-clock time, `HH:MM`, 24 hours. Compares bytewise. */
export type TimeOfDay = string & { readonly [timeOfDay]: true }

/** The wall-clock time at `instant` (epoch ms) in `timeZone`. */
export function timeAt(instant: number, timeZone: string): TimeOfDay {
  return zoned(instant, timeZone).toPlainTime().toString({ smallestUnit: 'minute' }) as TimeOfDay
}

/** An instant (epoch ms) for messages and files that no office reads by its own clock: `2026-11-22T01:30:05Z`. */
export function utcText(instant: number): string {
  return Temporal.Instant.fromEpochMilliseconds(instant).toString({ smallestUnit: 'second' })
}

/** Epoch ms of `time` on `date` in `timeZone`; a time skipped by a clock change is the one just after it. */
export function instantOf(date: CivilDate, time: TimeOfDay | string, timeZone: string): number {
  return Temporal.PlainDate.from(date).toZonedDateTime({ timeZone, plainTime: Temporal.PlainTime.from(time) })
    .epochMilliseconds
}

function zoned(instant: number, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(timeZone)
}
