import { addDays, type CivilDate } from '../lib/civil-date.ts'
import type { Office } from '../lib/office.ts'
import type { Offices } from '../lib/offices.ts'
import { lastOverstayNoticeDay } from './stages.ts'

/** Permits that end from one day to another, all or only those of some kinds. */
export type Window = { from: CivilDate; to: CivilDate; kinds?: string[] }

/**
 * Where those are who may have to be told from the first day to the last: everybody near the end, and further ahead only the kinds
 * that are told so early. Most of a large register are of the others.
 */
export function windowsOf(offices: Offices, { first, last }: { first: CivilDate; last: CivilDate }): Window[] {
  const near = Math.max(...offices.all.flatMap(({ stages }) => [...stages.keys()]))
  const far = Math.max(...offices.all.map(furthestStage))
  const early = offices.all.flatMap(({ kinds }) =>
    [...kinds].filter(([, plans]) => Math.max(...plans.keys()) > near).map(([kind]) => kind),
  )
  const soon: Window = { from: addDays(first, -lastOverstayNoticeDay), to: addDays(last, near) }
  if (early.length === 0) return [soon]
  return [soon, { from: addDays(last, near + 1), to: addDays(last, far), kinds: [...new Set(early)] }]
}

/** The most days before expiry at which any kind is told. */
export function furthestStage(office: Office): number {
  const stages = [office.stages, ...office.kinds.values()].flatMap((plans) => [...plans.keys()])
  return Math.max(...stages)
}
