import { and, asc, eq, inArray, isNull, or } from 'drizzle-orm'
import type { Db } from '../db/open.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import { AppError } from '../lib/errors.ts'
import type { Office } from '../lib/office.ts'
import { type OverstayRow, overstayList } from '../overstay/case-list.ts'
import { inArea, type Officer } from './officer.ts'
import { type ResidentFile, residentFile } from './residents-query.ts'
import { type TimelineEntry, timelineOf } from './timeline-query.ts'

export type CaseScope = { db: Db; office: Office; today: CivilDate; officer: Pick<Officer, 'regencies'> }

/** @throws AppError `not-found`, also for a case outside the officer's area. */
export async function caseRow({ db, office, today, officer }: CaseScope, caseId: number): Promise<OverstayRow> {
  const [row] = await overstayList(db.read, { office, today, filter: { caseId } })
  if (!row || !inArea(officer, row.regency)) throw new AppError('not-found', `tidak ada kasus ${caseId}`)
  return row
}

export type CaseFile = ResidentFile & { row: OverstayRow; timeline: TimelineEntry[] }

/** Everything that the page of one case shows. */
export async function caseFile(scope: CaseScope, caseId: number): Promise<CaseFile> {
  const row = await caseRow(scope, caseId)
  const [file, timeline] = await Promise.all([
    residentFile(scope, row.resident_id),
    timelineOf(scope.db.read, { residentId: row.resident_id, cycles: [row.cycle_id] }),
  ])
  return { ...file, row, timeline }
}

/** Whom a case may be given to: officers and above who can still sign in. */
export async function assignableOfficers({ db, office }: Pick<CaseScope, 'db' | 'office'>): Promise<string[]> {
  const { officers } = db.t
  const rows = await db.read
    .select({ name: officers.name })
    .from(officers)
    .where(
      and(
        isNull(officers.disabled_at),
        inArray(officers.role, ['officer', 'supervisor', 'admin']),
        or(isNull(officers.office_code), eq(officers.office_code, office.code)),
      ),
    )
    .orderBy(asc(officers.name))
  return rows.map((row) => row.name)
}

/** The file name of a voice note; undefined where there is none. */
export async function voiceNoteKey(db: Db, id: number): Promise<string | undefined> {
  const { voice_notes } = db.t
  const [row] = await db.read.select({ key: voice_notes.content_key }).from(voice_notes).where(eq(voice_notes.id, id))
  return row?.key
}
