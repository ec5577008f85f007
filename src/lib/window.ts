import { addDays, dateAt, instantOf } from './civil-date.ts'
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
  const { from, to, lastStartMinutes } = office.window[channel]
  const today = dateAt(instant, office.timeZone)
  const opens = instantOf(today, from, office.timeZone)
  const closes = instantOf(today, to, office.timeZone)
  if (instant < opens) return closed(opens, closes)

  const tomorrow = addDays(today, 1)
  const opensAt = instantOf(tomorrow, from, office.timeZone)
  if (instant >= closes) return closed(opensAt, instantOf(tomorrow, to, office.timeZone))
  return {
    open: true,
    opensAt,
    closesAt: closes,
    mayStart: instant < closes - lastStartMinutes * 60_000,
    validitySeconds: Math.min(Math.floor((closes - instant) / 1000), longestValiditySeconds),
  }
}

function closed(opensAt: number, closesAt: number): WindowState {
  return { open: false, opensAt, closesAt, mayStart: false, validitySeconds: 0 }
}
