import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Reader } from '../db/open.ts'
import { addDays, type CivilDate } from '../lib/civil-date.ts'
import type { Office } from '../lib/office.ts'
import type { Offices } from '../lib/offices.ts'
import { type PageKey, pageOfPermits } from './candidates.ts'
import { lastOverstayNoticeDay } from './stages.ts'

/**
 * The ids of the permits in these windows, `limit` at a time. Between two pages whoever else waits in the process has a turn, or what
 * `rest` gives them.
 */
export async function* permitsInSight(
  { read, offices, rest = nextTurn }: { read: Reader; offices: Offices; rest?: (() => Promise<unknown>) | undefined },
  { limit, ...days }: { first: CivilDate; last: CivilDate; limit: number },
): AsyncGenerator<number[]> {
  for (const window of windowsOf(offices, days)) {
    let after: PageKey | null = null
    for (;;) {
      const page: (PageKey & { permitId: number })[] = await pageOfPermits(read, { ...window, offices, limit, after })
      if (page.length === 0) break
      after = page.at(-1)!
      await rest()
      yield page.map((row) => row.permitId)
    }
  }
}

/** The most days before expiry at which any kind is told. */
export function furthestStage(office: Office): number {
  const stages = [office.stages, ...office.kinds.values()].flatMap((plans) => [...plans.keys()])
  return Math.max(...stages)
}

/** Permits that end from one day to another, all or only those of some kinds. */
type Window = { from: CivilDate; to: CivilDate; kinds?: string[] }

/**
 * Where those are who may have to be told from the first day to the last: everybody near the end, and further ahead only the kinds
 * that are told so early. Most of a large register are of the others.
 */
function windowsOf(offices: Offices, { first, last }: { first: CivilDate; last: CivilDate }): Window[] {
  const near = Math.max(...offices.all.flatMap(({ stages }) => [...stages.keys()]))
  const far = Math.max(...offices.all.map(furthestStage))
  const early = offices.all.flatMap(({ kinds }) =>
    [...kinds].filter(([, plans]) => Math.max(...plans.keys()) > near).map(([kind]) => kind),
  )
  const soon: Window = { from: addDays(first, -lastOverstayNoticeDay), to: addDays(last, near) }
  if (early.length === 0) return [soon]
  return [soon, { from: addDays(last, near + 1), to: addDays(last, far), kinds: [...new Set(early)] }]
}
