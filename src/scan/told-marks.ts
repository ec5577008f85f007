import { inArray } from 'drizzle-orm'
import type { Reader } from '../db/open.ts'
import type { Vault } from '../db/seal.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import type { Candidate } from './candidates.ts'

/** Behind every stage there is: of the permit it is known that it was here once, and of no stage that it was told. */
export const NO_STAGE = 10_000

type Cycle = { issuedBy: string; permitNo: string; expiresOn: CivilDate }

/** What is kept of a permit's number when everything else of the person is erased; nothing can be read from it. */
export function permitMark(vault: Pick<Vault, 'blind'>, { issuedBy, permitNo }: Omit<Cycle, 'expiresOn'>): string {
  return vault.blind(JSON.stringify([issuedBy, permitNo]), 'told')
}

/** The marks of these cycles, in their order; null for one that nobody was erased with. */
export async function toldMarks(
  reader: Reader,
  vault: Pick<Vault, 'blind'>,
  cycles: readonly Cycle[],
): Promise<({ stages: number[]; caseClosed: boolean } | null)[]> {
  const { told_marks } = reader.t
  const [any] = cycles.length === 0 ? [] : await reader.select({ id: told_marks.id }).from(told_marks).limit(1)
  if (!any) return cycles.map(() => null)
  const marks = cycles.map((cycle) => permitMark(vault, cycle))
  const rows = await reader
    .select({
      mark: told_marks.permit_mark,
      expiresOn: told_marks.expires_on,
      stage: told_marks.stage,
      caseClosed: told_marks.case_closed,
    })
    .from(told_marks)
    .where(inArray(told_marks.permit_mark, marks))
  const found = Map.groupBy(rows, ({ mark, expiresOn }) => `${mark} ${expiresOn}`)
  return cycles.map(({ expiresOn }, at) => {
    const theirs = found.get(`${marks[at]} ${expiresOn}`)
    if (!theirs) return null
    return {
      stages: theirs.map(({ stage }) => stage).filter((stage) => stage !== NO_STAGE),
      caseClosed: theirs.some((one) => one.caseClosed === 1),
    }
  })
}

/** The same people, with what they were told before they were erased and came in again. */
export async function withToldMarks(
  reader: Reader,
  vault: Pick<Vault, 'blind'>,
  candidates: Candidate[],
): Promise<Candidate[]> {
  const marks = await toldMarks(reader, vault, candidates)
  return candidates.map((candidate, at) => {
    const told = marks[at]?.stages.filter((stage) => candidate.notices.every((notice) => notice.stage !== stage)) ?? []
    return told.length === 0 ? candidate : { ...candidate, notices: [...told.map(asTold), ...candidate.notices] }
  })
}

/** As a notice that the carrier had, so that nothing of it comes back. */
function asTold(stage: number): Candidate['notices'][number] {
  const delivery = { id: 0, role: 'resident', channel: 'sms', state: 'delivered', reason: null, attempts: 1 } as const
  return { id: 0, stage, deliveries: [delivery] }
}
