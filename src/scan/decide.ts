import type { CivilDate } from '../lib/civil-date.ts'
import { type Channel, type Office, type Role, stagesFor } from '../lib/office.ts'
import type { Candidate, ExistingNotice, KnownPhone } from './candidates.ts'
import { channelsFor, isClosed } from './channels.ts'
import { recipients } from './recipients.ts'
import { noticeDue, stageOfTheDay } from './stages.ts'

export type WantedDelivery = { role: Role; channel: Channel; phone: KnownPhone; language: string }

export type Decision =
  | { what: 'create'; stage: number; planStage: number; wanted: WantedDelivery[]; supersedes: number[] }
  | { what: 'reopen'; notice: ExistingNotice; wanted: WantedDelivery[] }
  | { what: 'nothing'; reason: 'none' | 'already' | 'answered' | 'expired-on-import' | 'held' }

/** What the scan does about one current permit today. */
export function decide(
  candidate: Candidate,
  policy: { office: Office; today: CivilDate; languageOf: (person: Candidate) => string },
): Decision {
  const { office, today } = policy
  if (candidate.held) return { what: 'nothing', reason: 'held' }
  const decision = noticeDue({
    office,
    kind: candidate.kind,
    stage: stageOfTheDay({
      expiresOn: candidate.expiresOn,
      today,
      stages: stagesFor(office, candidate.kind),
      overstayDays: [...office.overstay.keys()],
    }),
    existingStages: candidate.notices.map((notice) => notice.stage),
    untoldStages: candidate.notices.filter(isUntold).map((notice) => notice.stage),
    reopenStages: candidate.notices
      .filter((notice) => isUntold(notice) || notice.deliveries.some(mayReopen))
      .map((notice) => notice.stage),
    answers: candidate.answers,
    expiredOnImport: candidate.knownSince > candidate.expiresOn,
  })
  if (decision.reason !== 'due' && decision.reason !== 'reopen') return { what: 'nothing', reason: decision.reason }

  const wanted = wantedDeliveries(candidate, decision.plan, policy)
  if (decision.reason === 'reopen') {
    const notice = candidate.notices.find((one) => one.stage === decision.stage)!
    const again = wanted.filter(
      (one) => isUntold(notice) || notice.deliveries.some((row) => mayReopen(row) && isFor(row, one)),
    )
    return again.length === 0 ? { what: 'nothing', reason: 'already' } : { what: 'reopen', notice, wanted: again }
  }
  return {
    what: 'create',
    stage: decision.stage,
    planStage: decision.planStage,
    wanted,
    supersedes: candidate.notices.filter((notice) => notice.stage > decision.stage).map((notice) => notice.id),
  }
}

/** Nothing of this notice was ever attempted: it had nobody to go to, or everything was cancelled in time. */
function isUntold(notice: ExistingNotice): boolean {
  return notice.deliveries.every((delivery) => delivery.state === 'cancelled' && delivery.attempts === 0)
}

/** Reasons that can go away. Where something of the notice was told, only the rows that these stopped come back. */
const PASSING = ['held', 'renewed', 'opted_out', 'dead_number', 'corrected']

function mayReopen({ state, attempts, reason }: ExistingNotice['deliveries'][number]): boolean {
  return state === 'cancelled' && attempts === 0 && reason !== null && PASSING.includes(reason)
}

function isFor(row: ExistingNotice['deliveries'][number], wanted: WantedDelivery): boolean {
  return row.role === wanted.role && row.channel === wanted.channel
}

function wantedDeliveries(
  candidate: Candidate,
  plan: Parameters<typeof recipients>[0]['plan'],
  policy: { office: Office; today: CivilDate; languageOf: (person: Candidate) => string },
): WantedDelivery[] {
  const { office, today } = policy
  const usable = (phone: KnownPhone | null) =>
    phone && !isClosed({ line: phone.line, closed: phone.closed, whatsapp: false }) ? phone : null
  const { to } = recipients({
    plan,
    birthDate: candidate.birthDate,
    phone: usable(candidate.phone),
    sponsorPhone: usable(candidate.sponsorPhone),
    today,
  })
  return to.flatMap(({ role, channels }) => {
    const phone = (role === 'resident' ? candidate.phone : candidate.sponsorPhone)!
    const language = role === 'resident' ? policy.languageOf(candidate) : office.sponsorLanguage
    const whatsapp = role === 'resident' && candidate.whatsappOptInOn !== null && language in office.whatsappTemplates
    return channelsFor(channels, { line: phone.line, closed: phone.closed, whatsapp }).map((channel) => ({
      role,
      channel,
      phone,
      language,
    }))
  })
}
