import { and, eq, inArray, isNull } from 'drizzle-orm'
import type { Db, Reader } from '../db/open.ts'
import type { FollowUpKind } from '../db/schema.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import { AppError } from '../lib/errors.ts'
import { FOLLOW_UP_OUTCOMES } from './attend-rules.ts'
import { chunks } from './pages.ts'

/** `cycle_id` 0: it belongs to no cycle. Of several for one resident, kind and cycle the first whose cause is new is opened. */
export type WantedFollowUp = { resident_id: number; kind: FollowUpKind; cycle_id: number; cause: string }

/** `dueOn`: by when an office is to do it; undefined for one that is not asked for. Opens what is new and returns the kinds opened. Where one of the kind is open for the cycle, nothing is added. */
export async function openFollowUps(
  db: Db,
  {
    wanted,
    dueOn,
    now,
  }: { wanted: readonly WantedFollowUp[]; dueOn: (officeCode: string) => CivilDate | undefined; now: number },
): Promise<FollowUpKind[]> {
  const opened: FollowUpKind[] = []
  for (const page of chunks(wanted)) {
    const missing = await withoutStanding(db.read, page)
    if (missing.length === 0) continue
    const { follow_ups } = db.t
    const offices = await officesOfThose(db.read, missing)
    const values = missing.flatMap((one) => {
      const due_on = dueOn(offices.get(one.resident_id)!)
      return due_on === undefined ? [] : [{ ...one, due_on, opened_at: now }]
    })
    if (values.length === 0) continue
    const added = await db.write((tx) =>
      tx.insert(follow_ups).values(values).onConflictDoNothing().returning({ kind: follow_ups.kind }),
    )
    opened.push(...added.map(({ kind }) => kind))
  }
  return opened
}

async function officesOfThose(reader: Reader, wanted: readonly WantedFollowUp[]): Promise<Map<number, string>> {
  const { residents } = reader.t
  const rows = await reader
    .select({ id: residents.id, code: residents.office_code })
    .from(residents)
    .where(
      inArray(
        residents.id,
        wanted.map((one) => one.resident_id),
      ),
    )
  return new Map(rows.map(({ id, code }) => [id, code]))
}

/**
 * @throws AppError `not-found`; `conflict` when somebody closed it before, naming who; `invalid` with the outcomes that
 * its kind has (`FOLLOW_UP_OUTCOMES`).
 */
export async function closeFollowUp(
  deps: { db: Db; now: number },
  { id, by, outcome }: { id: number; by: string; outcome: string },
): Promise<void> {
  await deps.db.write(async (tx) => {
    const { follow_ups } = tx.t
    const row = await followUp(tx, id)
    const allowed = FOLLOW_UP_OUTCOMES[row.kind]
    if (!allowed.includes(outcome)) {
      throw new AppError('invalid', `hasil: "${outcome}" tidak dikenal; yang diperbolehkan: ${allowed.join(', ')}`)
    }
    const closed = await tx
      .update(follow_ups)
      .set({ closed_at: deps.now, closed_by: by, outcome })
      .where(and(eq(follow_ups.id, id), isNull(follow_ups.closed_at)))
      .returning({ id: follow_ups.id })
    if (closed.length === 0) throw alreadyClosed(await followUp(tx, id))
  })
}

/** Gives an open follow-up to an officer; null gives it back to all. Errors as `closeFollowUp`. */
export async function assignFollowUp(
  deps: { db: Db },
  { id, owner }: { id: number; owner: string | null },
): Promise<void> {
  await deps.db.write(async (tx) => {
    const { follow_ups } = tx.t
    const taken = await tx
      .update(follow_ups)
      .set({ owner })
      .where(and(eq(follow_ups.id, id), isNull(follow_ups.closed_at)))
      .returning({ id: follow_ups.id })
    if (taken.length === 0) throw alreadyClosed(await followUp(tx, id))
  })
}

async function followUp(reader: Reader, id: number) {
  const { follow_ups } = reader.t
  const [row] = await reader.select().from(follow_ups).where(eq(follow_ups.id, id))
  if (!row) throw new AppError('not-found', `tidak ada tindak lanjut ${id}`)
  return row
}

function alreadyClosed(row: { id: number; closed_by: string | null; outcome: string | null }): AppError {
  return new AppError('conflict', `tindak lanjut ${row.id} sudah ditutup oleh ${row.closed_by} (${row.outcome})`)
}

async function withoutStanding(reader: Reader, wanted: WantedFollowUp[]): Promise<WantedFollowUp[]> {
  if (wanted.length === 0) return []
  const { follow_ups } = reader.t
  const standing = await reader
    .select({
      resident_id: follow_ups.resident_id,
      kind: follow_ups.kind,
      cycle_id: follow_ups.cycle_id,
      cause: follow_ups.cause,
      closed_at: follow_ups.closed_at,
    })
    .from(follow_ups)
    .where(inArray(follow_ups.resident_id, [...new Set(wanted.map((one) => one.resident_id))]))
  const causes = new Set(standing.map((one) => `${placeOf(one)} ${one.cause}`))
  const open = new Set(standing.filter((one) => one.closed_at === null).map(placeOf))
  return wanted.filter((one) => {
    const place = placeOf(one)
    if (open.has(place) || causes.has(`${place} ${one.cause}`)) return false
    open.add(place)
    return true
  })
}

function placeOf({ resident_id, kind, cycle_id }: Omit<WantedFollowUp, 'cause'>): string {
  return `${resident_id} ${kind} ${cycle_id}`
}
