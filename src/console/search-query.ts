import { and, eq } from 'drizzle-orm'
import { ofOffice } from '../db/of-office.ts'
import type { Db } from '../db/open.ts'
import type { Office } from '../lib/office.ts'
import type { Offices } from '../lib/offices.ts'
import { ofArea, referenceIn } from './find.ts'
import type { Officer } from './officer.ts'

/** The resident whom a notice's reference means; null when the text is none, or it is of nobody in the officer's area. */
export async function personOfReference(
  {
    db,
    office,
    offices,
    officer,
  }: { db: Db; office: Office; offices: Pick<Offices, 'all'>; officer: Pick<Officer, 'regencies'> },
  text: string,
): Promise<{ residentId: number; reference: string } | null> {
  // Whoever came from another office has its reference in hand.
  const reference = referenceIn(
    text,
    offices.all.map(({ code }) => code),
  )
  if (reference === null) return null
  const { notices, cycles, residents } = db.t
  const [row] = await db.read
    .select({ residentId: cycles.resident_id })
    .from(notices)
    .innerJoin(cycles, eq(cycles.id, notices.cycle_id))
    .innerJoin(residents, eq(residents.id, cycles.resident_id))
    .where(
      and(
        eq(notices.reference, reference),
        ofOffice(residents.office_code, office),
        ofArea(residents.regency, officer),
      ),
    )
  return row ? { residentId: row.residentId, reference } : null
}
