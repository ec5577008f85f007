import { and, asc, eq, gt, gte, isNull, lt, or } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import type { CivilDate } from '../../lib/civil-date.ts'
import { AppError } from '../../lib/errors.ts'
import type { Office } from '../../lib/office.ts'
import { instantsOf } from '../../overstay/report-period.ts'
import { inArea } from '../officer.ts'
import { auditedTouches, type Span, type Sweep, type Touches, touch } from './audited.ts'
import { type Contact, digestsIn, touchesInRows } from './rows.ts'
import { DEEDS, type Deed, KINDS, type Kind, type Touch } from './touches.ts'

export type AffectedAsk = {
  from: CivilDate
  to: CivilDate
  /** Only what this account did: it was stolen. */
  officer?: string | undefined
  /** A machine, or a backup with its key, was stolen: everybody, whatever the chain says. */
  everybody?: boolean
}

export type Affected = {
  person: Contact
  /** By deed, in their order; empty only with `everybody`. */
  touches: Touch[]
  /** At least one of them is sure to have been about this person. */
  certain: boolean
  kinds: Kind[]
}

export type AffectedSummary = {
  from: CivilDate
  to: CivilDate
  officer: string | null
  people: number
  certain: number
  by_deed: Partial<Record<Deed, number>>
  /** Sure ones alone. */
  by_kind: Partial<Record<Kind, number>>
}

/** Whose data was touched in the period, by the audit chain and the rows, for the letter of Art. 46 UU PDP. */
export async function affectedIn(
  { db, office }: { db: Db; office: Office },
  ask: AffectedAsk,
): Promise<{ people: Affected[]; summary: AffectedSummary }> {
  const span = spanOf(ask, office)
  const officer = ask.officer === undefined ? null : await accountNamed(db, ask.officer)
  const { people, sweeps } = await auditedTouches(db, span, officer?.id ?? null)
  await touchesInRows(db, people, { ...span, officer: officer?.name ?? null })
  if (!officer) for (const at of await digestsIn(db, span)) sweeps.push(digestAt(at))
  const reaches = await reachesOf(db, sweeps)
  const affected: Affected[] = []
  for await (const person of contacts(db, office)) {
    for (const { touch: one } of reaches.filter((reach) => mayHaveShown(reach, person))) touch(people, person.id, one)
    const touches = inOrder(people.get(person.id))
    if (touches.length === 0 && ask.everybody !== true) continue
    if (person.erased && touches.length === 0) continue
    affected.push({
      person,
      touches,
      certain: ask.everybody === true || touches.some(({ certain }) => certain),
      kinds:
        ask.everybody === true ? [...KINDS] : KINDS.filter((kind) => touches.some(({ kinds }) => kinds.includes(kind))),
    })
  }
  return { people: affected, summary: summaryOf(affected, ask, officer?.name ?? null) }
}

function spanOf({ from, to }: AffectedAsk, { timeZone }: Office): Span {
  if (from > to) throw new AppError('usage', `--from ${from} is after --to ${to}`)
  return instantsOf({ from, to }, timeZone)
}

async function accountNamed({ read, t }: Db, name: string): Promise<{ id: number; name: string }> {
  const { officers } = t
  const [row] = await read
    .select({ id: officers.id, name: officers.name })
    .from(officers)
    .where(eq(officers.name, name.toLowerCase()))
  if (!row) throw new AppError('not-found', `there is no officer "${name}"`)
  return row
}

function digestAt(at: number): Sweep {
  const kinds: Kind[] = ['identity', 'permit', 'case']
  return {
    reach: 'open-cases',
    officerId: null,
    touch: { deed: 'mailed', kinds, certain: true, first: at, last: at, by: ['tenggat'] },
  }
}

/** `residents`: those whom the list could hold at all, null for everybody; `regencies`: the area of who looked. */
type Reached = { touch: Touch; residents: ReadonlySet<number> | null; regencies: string[] | null }

async function reachesOf(db: Db, sweeps: readonly Sweep[]): Promise<Reached[]> {
  if (sweeps.length === 0) return []
  const areas = await areasOf(db)
  const reaches: Reached[] = []
  for (const sweep of sweeps) {
    const residents = sweep.reach === 'everybody' ? null : await idsReached(db, sweep)
    const regencies = sweep.officerId === null ? null : (areas.get(sweep.officerId) ?? null)
    reaches.push({ touch: sweep.touch, residents, regencies })
  }
  return reaches
}

/** What may have shown several people goes to each of them: those of the officer's area who were on record by then. */
function mayHaveShown({ touch: { last }, residents, regencies }: Reached, person: Contact): boolean {
  if (person.erased || person.createdAt > last) return false
  return (residents === null || residents.has(person.id)) && inArea({ regencies }, person.regency)
}

async function areasOf({ read, t }: Db): Promise<Map<number, string[] | null>> {
  const { officers } = t
  const rows = await read.select({ id: officers.id, regencies: officers.regencies }).from(officers)
  return new Map(rows.map(({ id, regencies }) => [id, regencies === null ? null : (JSON.parse(regencies) as string[])]))
}

/** Whose case was open, or correction in force, at any moment between the first and the last time. */
async function idsReached({ read, t }: Db, { reach, touch: { first, last } }: Sweep): Promise<Set<number>> {
  const { overstay_cases: cases, corrections } = t
  const rows =
    reach === 'open-cases'
      ? await read
          .select({ id: cases.resident_id })
          .from(cases)
          .where(and(lt(cases.opened_at, last + 1), or(isNull(cases.closed_at), gte(cases.closed_at, first))))
      : await read
          .select({ id: corrections.resident_id })
          .from(corrections)
          .where(
            and(lt(corrections.made_at, last + 1), or(isNull(corrections.ended_at), gte(corrections.ended_at, first))),
          )
  return new Set(rows.map(({ id }) => id))
}

async function* contacts({ read, t }: Db, { code }: Office): AsyncGenerator<Contact> {
  const { residents } = t
  for (let after = 0; ; ) {
    const rows = await read
      .select({
        id: residents.id,
        name: residents.full_name,
        nationality: residents.nationality,
        regency: residents.regency,
        phone: residents.phone,
        address: residents.address,
        sponsorName: residents.sponsor_name,
        sponsorPhone: residents.sponsor_phone,
        createdAt: residents.created_at,
        erasedAt: residents.erased_at,
      })
      .from(residents)
      .where(and(gt(residents.id, after), eq(residents.office_code, code)))
      .orderBy(asc(residents.id))
      .limit(1_000)
    if (rows.length === 0) return
    after = rows.at(-1)!.id
    for (const { erasedAt, ...row } of rows) yield { ...row, erased: erasedAt !== null }
  }
}

function inOrder(touches: Touches | undefined): Touch[] {
  return DEEDS.flatMap((deed) => touches?.get(deed) ?? [])
}

function summaryOf(people: readonly Affected[], { from, to }: AffectedAsk, officer: string | null): AffectedSummary {
  const certain = people.filter((one) => one.certain)
  const counted = <Name extends string>(names: readonly Name[], has: (name: Name) => number) =>
    Object.fromEntries(names.map((name) => [name, has(name)] as const).filter(([, n]) => n > 0)) as Partial<
      Record<Name, number>
    >
  return {
    from,
    to,
    officer,
    people: people.length,
    certain: certain.length,
    by_deed: counted(DEEDS, (deed) => people.filter(({ touches }) => touches.some((one) => one.deed === deed)).length),
    by_kind: counted(KINDS, (kind) => certain.filter(({ kinds }) => kinds.includes(kind)).length),
  }
}
