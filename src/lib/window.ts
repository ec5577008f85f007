import { addDays, type CivilDate, dateAt, instantOf } from './civil-date.ts'
import type { Channel, Office } from './office.ts'

/** Twilio refuses a ValidityPeriod above 36000 seconds. */
const longestValiditySeconds = 36_000

export type WindowState = {
  open: boolean
  /** Epoch ms of the next opening after `instant`: tomorrow's while it is open. Wait until then unless `mayStart`. */
  opensAt: number
  /** Epoch ms at which the present window ends, or while it is closed the one that opens next. */
  closesAt: number
  /** Open, and not in the last minutes, in which nothing is begun. */
  mayStart: boolean
  /** Whole seconds that a carrier may go on trying, up to the end of the window; 0 while it is closed. */
  validitySeconds: number
}

/** The channel's sending window, every day, in the office's time. `instant` is epoch ms. */
export function windowAt(office: Office, channel: Channel, instant: number): WindowState {
  const { lastStartMinutes } = office.window[channel]
  const { opens, closes, next } = hoursAt(office, channel, instant)
  if (instant < opens) return closed(opens, closes)
  if (instant >= closes) return closed(next.opens, next.closes)
  return {
    open: true,
    opensAt: next.opens,
    closesAt: closes,
    mayStart: instant < closes - lastStartMinutes * 60_000,
    validitySeconds: Math.min(Math.floor((closes - instant) / 1000), longestValiditySeconds),
  }
}

type Hours = { begins: number; ends: number; opens: number; closes: number; next: { opens: number; closes: number } }

/** Asked for with every message, and the same all day. */
const latest = new WeakMap<Office, Map<Channel, Hours>>()

function hoursAt(office: Office, channel: Channel, instant: number): Hours {
  const known = latest.get(office) ?? new Map<Channel, Hours>()
  latest.set(office, known)
  const before = known.get(channel)
  if (before && instant >= before.begins && instant < before.ends) return before
  const { from, to } = office.window[channel]
  const today = dateAt(instant, office.timeZone)
  const tomorrow = addDays(today, 1)
  const at = (date: CivilDate, time: string) => instantOf(date, time, office.timeZone)
  const hours = {
    begins: at(today, '00:00'),
    ends: at(tomorrow, '00:00'),
    opens: at(today, from),
    closes: at(today, to),
    next: { opens: at(tomorrow, from), closes: at(tomorrow, to) },
  }
  known.set(channel, hours)
  return hours
}

function closed(opensAt: number, closesAt: number): WindowState {
  return { open: false, opensAt, closesAt, mayStart: false, validitySeconds: 0 }
}
