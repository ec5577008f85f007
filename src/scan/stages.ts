import { type CivilDate, daysBetween } from '../lib/civil-date.ts'
import { type Answer, type Office, planFor, type StagePlan } from '../lib/office.ts'

/** The stage that the office has promised to everybody. */
export const promisedStage = 14
/** No overstay notice is sent later than this many days after expiry. */
export const lastOverstayNoticeDay = 14

/**
 * The smallest stage s with 0 <= days left <= s; after expiry -n for the largest overstay day n that is reached;
 * null when it is too early, or more than 14 days too late.
 */
export function stageOfTheDay(input: {
  expiresOn: CivilDate
  today: CivilDate
  /** Days before expiry, any order: `stagesFor(office, kind)`. */
  stages: number[]
  /** Days after expiry, any order: the keys of `office.overstay`. */
  overstayDays: number[]
}): number | null {
  const daysLeft = daysBetween(input.today, input.expiresOn)
  if (daysLeft >= 0) return smallest(input.stages.filter((stage) => daysLeft <= stage))
  const daysOver = -daysLeft
  if (daysOver > lastOverstayNoticeDay) return null
  return smallest(input.overstayDays.filter((day) => day <= daysOver).map((day) => -day))
}

export type NoticeDecision =
  | {
      /** `reopen`: the row of this stage is there, was cancelled and never attempted, and its reason is gone. */
      reason: 'due' | 'reopen'
      stage: number
      /** Whose channels and recipients apply. The words still are those of `stage`. */
      planStage: number
      plan: StagePlan
    }
  /** Nothing falls due today. */
  | { reason: 'none' }
  /** This cycle has a notice of this stage or a smaller one. */
  | { reason: 'already' }
  /** An answer that the plan names under `unless` has been given. */
  | { reason: 'answered'; answer: Answer }
  /** The permit had ended before it was first imported: a case, never a notice. */
  | { reason: 'expired-on-import' }

/** What to do about one cycle today. Create or reopen nothing but on `due` and `reopen`. */
export function noticeDue(input: {
  office: Office
  kind: string
  /** From `stageOfTheDay`. */
  stage: number | null
  /** Stages of all notices of this cycle, whatever became of them. */
  existingStages: number[]
  /** Those of `existingStages` that were cancelled before anything was attempted. */
  untoldStages?: number[]
  /** Those of `existingStages` of which something was cancelled before it was attempted and may be told again; by default the untold ones. */
  reopenStages?: number[]
  /** The resident's acknowledgements in this cycle; a sponsor's do not count. */
  answers?: Answer[]
  expiredOnImport?: boolean
}): NoticeDecision {
  const { office, kind, stage, existingStages, untoldStages = [], answers = [] } = input
  if (stage === null) return { reason: 'none' }
  if (input.expiredOnImport) return { reason: 'expired-on-import' }

  const reopens = (input.reopenStages ?? untoldStages).includes(stage)
  const inTheWay = existingStages.filter((existing) => existing <= stage && !(reopens && existing === stage))
  if (inTheWay.length > 0) return { reason: 'already' }

  const told = existingStages.filter((existing) => existing !== stage && !untoldStages.includes(existing))
  const isFirst = stage <= promisedStage && told.every((existing) => existing > promisedStage)
  const planStage = isFirst ? promisedStage : stage
  const plan = planFor(office, kind, planStage)
  const answer = plan.unless.find((answer) => answers.includes(answer))
  if (answer) return { reason: 'answered', answer }
  return { reason: reopens ? 'reopen' : 'due', stage, planStage, plan }
}

function smallest(stages: number[]): number | null {
  return stages.length === 0 ? null : Math.min(...stages)
}
