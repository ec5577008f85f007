import type { FollowUpKind } from '../db/schema.ts'
import { lastFilingDay } from '../scan/working-days.ts'
import { answersToAttend, unknownKinds } from './attend-cycles.ts'
import { endedHolds, identityDoubts, wrongNumbers } from './attend-others.ts'
import { phonesToAttend } from './attend-phones.ts'
import { freeTexts } from './attend-replies.ts'
import { settlePhoneFollowUps } from './attend-settle.ts'
import type { OverstayDeps } from './cases.ts'
import { openFollowUps, type WantedFollowUp } from './follow-ups.ts'

/** Opened follow-ups by kind, and the `phone` ones that closed because the cycle is confirmed. */
export type AttendCounts = Record<FollowUpKind, number> & { confirmed: number }

/**
 * Derives from the rows what an officer must do. The same pass again opens nothing: a cause that once gave rise to a
 * follow-up never does so again, and per resident, kind and cycle only one is open. Closes nothing but `phone` ones.
 */
export async function attendPass(deps: OverstayDeps): Promise<AttendCounts> {
  const { db, log, offices, now, today } = deps
  const counts: AttendCounts = {
    phone: 0,
    number: 0,
    identity: 0,
    reply: 0,
    'hold-ended': 0,
    kind: 0,
    answer: 0,
    confirmed: 0,
  }
  counts.confirmed = await settlePhoneFollowUps(deps)
  // Today itself if the office works, else its next working day.
  const days = new Map(offices.all.map((office) => [office.code, lastFilingDay(office, today, today).comeOn]))
  const dueOn = (officeCode: string) => days.get(officeCode)
  for (const source of sources) {
    for await (const wanted of source(deps)) {
      for (const kind of await openFollowUps(db, { wanted, dueOn, now })) counts[kind] += 1
    }
  }
  // Under its own key, `phone` would be taken for a number and blotted out.
  log.info({ today, opened: Object.entries(counts) }, 'attend pass')
  return counts
}

const sources: readonly ((deps: OverstayDeps) => AsyncGenerator<WantedFollowUp[]>)[] = [
  phonesToAttend,
  unknownKinds,
  answersToAttend,
  wrongNumbers,
  identityDoubts,
  freeTexts,
  endedHolds,
]
