import { and, asc, desc, eq, lt } from 'drizzle-orm'
import type { Db } from '../db/open.ts'
import { AppError } from '../lib/errors.ts'
import type { Office } from '../lib/office.ts'
import { PAGE_SIZE, type Page, pageOf } from './find.ts'

type Scope = { db: Db; office: Office }
export type ImportRow = Db['t']['imports']['$inferSelect']
export type RejectRow = Db['t']['rejects']['$inferSelect']

/** The newest first. */
export async function importPage({ db, office }: Scope, after: number | null = null): Promise<Page<ImportRow>> {
  const { imports } = db.t
  const rows = await db.read
    .select()
    .from(imports)
    .where(and(eq(imports.office_code, office.code), after === null ? undefined : lt(imports.id, after)))
    .orderBy(desc(imports.id))
    .limit(PAGE_SIZE + 1)
  return pageOf(rows, (row) => row.id)
}

/** @throws AppError `not-found` */
export async function importOf({ db, office }: Scope, id: number): Promise<ImportRow> {
  const { imports } = db.t
  const [row] = await db.read
    .select()
    .from(imports)
    .where(and(eq(imports.id, id), eq(imports.office_code, office.code)))
  if (!row) throw new AppError('not-found', `tidak ada impor ${id}`)
  return row
}

/** What was not understood, in the file's order; values are masked where they are personal. */
export async function rejectsOf({ db }: Pick<Scope, 'db'>, importId: number, most: number): Promise<RejectRow[]> {
  const { rejects } = db.t
  return db.read
    .select()
    .from(rejects)
    .where(eq(rejects.import_id, importId))
    .orderBy(asc(rejects.line), asc(rejects.id))
    .limit(most)
}
