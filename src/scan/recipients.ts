import type { CivilDate } from '../lib/civil-date.ts'
import type { PlannedChannel, Role, StagePlan } from '../lib/office.ts'

const comingOfAge = 18

/** `fixed` is a landline; null or `unknown` counts as a mobile. */
type PhoneLine = { number: string; line: 'mobile' | 'fixed' | 'unknown' | null }

export type Recipients<Phone extends PhoneLine> = {
  /** Empty when there is nobody to tell. */
  to: { role: Role; phone: Phone; channels: PlannedChannel[] }[]
  /** The office must find a way to reach this resident. */
  followUp: 'phone' | null
}

/**
 * Who is told on which phone. A phone that is absent, unusable or closed on every channel is null.
 * Under 18 the sponsor stands in, and so he does, from the first notice on, for a resident without a phone.
 */
export function recipients<Phone extends PhoneLine>(input: {
  plan: Pick<StagePlan, 'channels' | 'to'>
  /** Unknown counts as grown up. */
  birthDate: CivilDate | null
  phone: Phone | null
  sponsorPhone: Phone | null
  today: CivilDate
}): Recipients<Phone> {
  const { plan, birthDate, phone, sponsorPhone } = input
  const minor = birthDate !== null && ageOn(birthDate, input.today) < comingOfAge
  const resident = plan.to.includes('resident') && !minor ? phone : null
  const standsIn = plan.to.includes('resident') && !resident
  const sponsor = plan.to.includes('sponsor') || standsIn ? sponsorPhone : null

  const to: Recipients<Phone>['to'] = []
  if (resident) to.push({ role: 'resident', phone: resident, channels: channelsOn(resident, plan.channels) })
  if (sponsor && sponsor.number !== resident?.number) {
    to.push({ role: 'sponsor', phone: sponsor, channels: channelsOn(sponsor, plan.channels) })
  }
  const unreachable = minor ? !sponsorPhone : !phone
  return { to, followUp: unreachable ? 'phone' : null }
}

/** Whole years; who was born on 29 February comes of age on 1 March. */
function ageOn(birthDate: CivilDate, today: CivilDate): number {
  return Temporal.PlainDate.from(birthDate).until(today, { largestUnit: 'years' }).years
}

/** A landline takes no SMS (Twilio 21614), so a plan of SMS alone becomes a call. */
function channelsOn(phone: PhoneLine, planned: PlannedChannel[]): PlannedChannel[] {
  return phone.line === 'fixed' ? ['voice'] : planned
}
