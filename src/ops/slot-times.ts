import { parse } from 'node-cron'
import { addDays, type CivilDate, dateAt, weekday } from '../lib/civil-date.ts'

/** Further back nothing is missed: a yearly duty still finds its last slot. */
const LOOK_BACK_DAYS = 366

/**
 * The planned times (epoch ms, rising) after `from`, up to and including `to`. A duty that runs at a time of day has one
 * slot per day, whatever a clock change does: a skipped time becomes the one just after it, a repeated time counts once.
 * A duty that runs in every hour also runs in the repeated one.
 * @throws RangeError unless `cron` is minute, hour, day, month and weekday, without `L`, `W` and `#`; day and weekday must both fit.
 */
export function slotsBetween(cron: string, timeZone: string, from: number, to: number): number[] {
  const plan = planOf(cron)
  const slots: number[] = []
  const last = dateAt(to, timeZone)
  for (let date = dateAt(from, timeZone); date <= last; date = addDays(date, 1)) {
    for (const slot of slotsOn(plan, date, timeZone)) if (slot > from && slot <= to) slots.push(slot)
  }
  return slots
}

/** The latest planned time (epoch ms) that is not after `now`; null when the last 366 days have none. Throws as `slotsBetween`. */
export function newestSlot(cron: string, timeZone: string, now: number): number | null {
  const plan = planOf(cron)
  const today = dateAt(now, timeZone)
  for (let back = 0; back <= LOOK_BACK_DAYS; back += 1) {
    const newest = slotsOn(plan, addDays(today, -back), timeZone).findLast((slot) => slot <= now)
    if (newest !== undefined) return newest
  }
  return null
}

type Plan = { minutes: number[]; hours: number[]; days: Set<number>; months: Set<number>; weekdays: Set<number> }

/** The ticker asks for each duty every five seconds. */
const plans = new Map<string, Plan>()

function planOf(cron: string): Plan {
  const known = plans.get(cron)
  if (known) return known
  const fields = fieldsOf(cron)
  const numbers = (field: readonly (number | string)[]) =>
    field
      .map((value) => (typeof value === 'number' ? value : refuse(cron, `${value} is not a number`)))
      .sort((a, b) => a - b)
  const plan = {
    minutes: numbers(fields.minute),
    hours: numbers(fields.hour),
    days: new Set(numbers(fields.dayOfMonth)),
    months: new Set(numbers(fields.month)),
    weekdays: new Set(numbers(fields.dayOfWeek)),
  }
  plans.set(cron, plan)
  return plan
}

function fieldsOf(cron: string): ReturnType<typeof parse> {
  if (cron.trim().split(/\s+/).length !== 5) refuse(cron, 'five fields are needed')
  try {
    return parse(cron)
  } catch (error) {
    throw new RangeError(`not a cron expression: ${cron}`, { cause: error })
  }
}

function refuse(cron: string, reason: string): never {
  throw new RangeError(`not a cron expression of a duty: ${cron} (${reason})`)
}

function slotsOn(plan: Plan, date: CivilDate, timeZone: string): number[] {
  const day = Temporal.PlainDate.from(date)
  if (!plan.months.has(day.month) || !plan.days.has(day.day) || !plan.weekdays.has(weekday(date) % 7)) return []
  const midnight = day.toZonedDateTime(timeZone)
  const times = plan.hours.flatMap((hour) => plan.minutes.map((minute) => ({ hour, minute })))
  // Sixty times faster than asking the time zone about each minute.
  if (midnight.hoursInDay === 24) {
    return times.map(({ hour, minute }) => midnight.epochMilliseconds + (hour * 60 + minute) * 60_000)
  }

  const everyHour = plan.hours.length === 24
  const slots = new Set<number>()
  for (const time of times) {
    const wall = day.toPlainDateTime(time)
    slots.add(wall.toZonedDateTime(timeZone).epochMilliseconds)
    if (everyHour) slots.add(wall.toZonedDateTime(timeZone, { disambiguation: 'later' }).epochMilliseconds)
  }
  return [...slots].sort((a, b) => a - b)
}
