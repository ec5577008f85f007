import { and, asc, eq, gt, gte, inArray, lt } from 'drizzle-orm'
import type { Db, Reader } from '../../db/open.ts'
import { ownedSubjects } from '../person/subjects.ts'
import { type Deed, meaningOf, type Reach, type Touch, together } from './touches.ts'

export type Span = { begins: number; ends: number }
/** Of one person, by deed. */
export type Touches = Map<Deed, Touch>
/** What may have shown anybody within reach: once for each officer and kind of action, however often it was done. */
export type Sweep = { reach: Exclude<Reach, 'nobody'>; officerId: number | null; touch: Touch }

export type Audited = { people: Map<number, Touches>; sweeps: Sweep[] }

const OPERATOR = 'operator'
const PAGE = 1_000

type Entry = {
  id: number
  at: number
  officerId: number | null
  officer: string | null
  action: string
  kind: string | null
  subject: number | null
}

/** What the chain says was done in this span; of one officer only where `officerId` says so. */
export async function auditedTouches(db: Db, { begins, ends }: Span, officerId: number | null): Promise<Audited> {
  const { audit, officers } = db.t
  const found: Audited = { people: new Map(), sweeps: [] }
  const sweeps = new Map<string, Sweep>()
  for (let after = 0; ; ) {
    const entries: Entry[] = await db.read
      .select({
        id: audit.id,
        at: audit.at,
        officerId: audit.officer_id,
        officer: officers.name,
        action: audit.action,
        kind: audit.subject_kind,
        subject: audit.subject_id,
      })
      .from(audit)
      .leftJoin(officers, eq(officers.id, audit.officer_id))
      .where(
        and(
          gt(audit.id, after),
          gte(audit.at, begins),
          lt(audit.at, ends),
          officerId === null ? undefined : eq(audit.officer_id, officerId),
        ),
      )
      .orderBy(asc(audit.id))
      .limit(PAGE)
    if (entries.length === 0) break
    after = entries.at(-1)!.id
    const owners = await ownersOf(db.read, entries)
    for (const entry of entries) {
      const residents = owners.get(entry.id) ?? []
      for (const residentId of residents) touch(found.people, residentId, touchOf(entry, true))
      if (residents.length === 0 && entry.subject === null) sweep(sweeps, entry)
    }
  }
  found.sweeps = [...sweeps.values()]
  return found
}

export function touch(people: Map<number, Touches>, residentId: number, one: Touch): void {
  const theirs = people.get(residentId) ?? new Map<Deed, Touch>()
  theirs.set(one.deed, together(theirs.get(one.deed), one))
  people.set(residentId, theirs)
}

function sweep(sweeps: Map<string, Sweep>, entry: Entry): void {
  const { reach } = meaningOf(entry.action, false)
  if (reach === 'nobody') return
  const one = touchOf(entry, false)
  // An export of open cases holds all of them; what somebody looked at in a list is not known.
  const certain = one.deed === 'exported' || one.deed === 'restored'
  const name = `${reach} ${entry.officerId} ${one.deed}`
  const known = sweeps.get(name)
  sweeps.set(name, { reach, officerId: entry.officerId, touch: together(known?.touch, { ...one, certain }) })
}

function touchOf({ action, at, officer }: Entry, hasSubject: boolean): Touch {
  const { deed, kinds } = meaningOf(action, hasSubject)
  return { deed, kinds, certain: hasSubject, first: at, last: at, by: [officer ?? OPERATOR] }
}

/** The residents behind what the entries name, by the entry's id. */
async function ownersOf(reader: Reader, entries: readonly Entry[]): Promise<Map<number, number[]>> {
  const named = (kind: string) => [
    ...new Set(entries.flatMap((one) => (one.kind === kind && one.subject !== null ? one.subject : []))),
  ]
  const owners = new Map(named('resident').map((id) => [`resident ${id}`, [id]]))
  for (const [kind, owned] of Object.entries(ownedSubjects(reader))) {
    const rows = await owned.rows(inArray(owned.id, named(kind)))
    for (const [id, of] of Map.groupBy(rows, (row) => row.id)) {
      owners.set(
        `${kind} ${id}`,
        of.map(({ residentId }) => residentId),
      )
    }
  }
  return new Map(entries.map((entry) => [entry.id, owners.get(`${entry.kind} ${entry.subject}`) ?? []]))
}
