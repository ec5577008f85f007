import type { CivilDate } from '../lib/civil-date.ts'
import { extendFor, type Office, type Role } from '../lib/office.ts'
import { promisedStage } from '../scan/stages.ts'
import { lastFilingDay } from '../scan/working-days.ts'
import type { NoticeFacts } from './notice.ts'

/** What the words need of each notice that travels in one message. */
export type Told = { expiresOn: CivilDate; kind: string; reference: string; planStage: number }

/**
 * The facts of one message about one or several permits, for the day on which it is said. Of several, the dates are those of
 * the permit that ends first.
 */
export function factsOf(input: {
  office: Office
  told: readonly Told[]
  role: Role
  link: string
  today: CivilDate
}): NoticeFacts {
  const { office, told, today } = input
  const first = told.toSorted((a, b) => (a.expiresOn < b.expiresOn ? -1 : a.expiresOn > b.expiresOn ? 1 : 0))[0]!
  const filing = lastFilingDay(office, first.expiresOn, today)
  const extends_ = new Set(told.map(({ kind }) => extendFor(office, kind).extend))
  return {
    officeName: office.name,
    officeShortName: office.shortName,
    officePhone: office.phone,
    expiresOn: first.expiresOn,
    lastFilingDay: filing.date,
    late: filing.late,
    comeOn: filing.comeOn,
    hurry: filing.hurry && first.planStage === promisedStage,
    extend: extends_.size === 1 ? [...extends_][0]! : 'ask',
    overstay: first.expiresOn < today,
    count: told.length,
    role: input.role,
    reference: first.reference,
    link: input.link,
  }
}
