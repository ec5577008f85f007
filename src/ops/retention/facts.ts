import { and, count, desc, eq, inArray, isNull, max, ne } from 'drizzle-orm'
import type { Reader } from '../../db/open.ts'
import { inFlightOf } from '../../deliver/erase.ts'
import type { CivilDate } from '../../lib/civil-date.ts'
import { isHeld } from '../../register/holds.ts'
import type { PersonFacts } from './rules.ts'

/** Null where there is no such resident of this office. */
export async function personFacts(
  reader: Reader,
  { residentId, officeCode, today }: { residentId: number; officeCode: string; today: CivilDate },
): Promise<PersonFacts | null> {
  const { residents, permits, holds, corrections, overstay_cases, follow_ups, acknowledgements, cycles } = reader.t
  const [person] = await reader
    .select({ erasedAt: residents.erased_at, importId: residents.last_import_id, createdAt: residents.created_at })
    .from(residents)
    .where(and(eq(residents.id, residentId), eq(residents.office_code, officeCode)))
  if (!person) return null
  const theirs = await reader
    .select({ expiresOn: permits.expires_on, isCurrent: permits.is_current })
    .from(permits)
    .where(eq(permits.resident_id, residentId))
    .orderBy(desc(permits.expires_on))
  const held = await reader
    .select({ reason: holds.reason, untilOn: holds.until_on, setAt: holds.set_at, liftedAt: holds.lifted_at })
    .from(holds)
    .where(eq(holds.resident_id, residentId))
  const corrected = await reader
    .select({ made: max(corrections.made_at), ended: max(corrections.ended_at) })
    .from(corrections)
    .where(eq(corrections.resident_id, residentId))
  const cases = await reader
    .select({ closedAt: overstay_cases.closed_at })
    .from(overstay_cases)
    .where(eq(overstay_cases.resident_id, residentId))
  const followed = await reader
    .select({ closedAt: max(follow_ups.closed_at) })
    .from(follow_ups)
    .where(eq(follow_ups.resident_id, residentId))
  const [open] = await reader
    .select({ n: count() })
    .from(follow_ups)
    .where(and(eq(follow_ups.resident_id, residentId), isNull(follow_ups.closed_at)))
  const answered = await reader
    .select({ at: max(acknowledgements.at) })
    .from(acknowledgements)
    .where(
      inArray(
        acknowledgements.cycle_id,
        reader.select({ id: cycles.id }).from(cycles).where(eq(cycles.resident_id, residentId)),
      ),
    )
  const instants = [
    person.createdAt,
    ...held.flatMap(({ setAt, liftedAt }) => [setAt, liftedAt]),
    ...corrected.flatMap(({ made, ended }) => [made, ended]),
    ...cases.map(({ closedAt }) => closedAt),
    followed[0]?.closedAt ?? null,
    answered[0]?.at ?? null,
  ].flatMap((at) => (at === null ? [] : [Number(at)]))
  return {
    erased: person.erasedAt !== null,
    lastEnd: theirs[0]?.expiresOn ?? null,
    currentEnd: theirs.find(({ isCurrent }) => isCurrent === 1)?.expiresOn ?? null,
    lastDone: Math.max(...instants),
    openCases: cases.filter(({ closedAt }) => closedAt === null).length,
    openFollowUps: Number(open?.n ?? 0),
    heldFor: held.filter((hold) => isHeld([hold], today)).map(({ reason }) => reason),
    inFlight: (await inFlightOf(reader, residentId)).length,
    listed: person.importId !== null && person.importId === (await newestImport(reader, officeCode)),
  }
}

async function newestImport(reader: Reader, officeCode: string): Promise<number | null> {
  const { imports } = reader.t
  const [newest] = await reader
    .select({ id: imports.id })
    .from(imports)
    .where(and(eq(imports.office_code, officeCode), eq(imports.state, 'applied'), ne(imports.rows, 0)))
    .orderBy(desc(imports.id))
    .limit(1)
  return newest?.id ?? null
}
