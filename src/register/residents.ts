import { and, eq, isNull } from 'drizzle-orm'
import type { Tx } from '../db/open.ts'
import { BY_RESIDENT } from './corrections.ts'

/**
 * The language that a resident chose on the page; null gives the choice back to the register. Survives imports, and ends an
 * officer's correction: nobody knows better.
 */
export async function chooseLanguage(
  tx: Tx,
  choice: { residentId: number; language: string | null; now: number },
): Promise<void> {
  const { residents, corrections } = tx.t
  await tx
    .update(residents)
    .set({ chosen_language: choice.language, updated_at: choice.now })
    .where(eq(residents.id, choice.residentId))
  await tx
    .update(corrections)
    .set({ ended_at: choice.now, ended_by: BY_RESIDENT })
    .where(
      and(
        eq(corrections.resident_id, choice.residentId),
        eq(corrections.field, 'language'),
        isNull(corrections.ended_at),
      ),
    )
}

/** An officer has settled the doubt that was shown; false where it is another one by now. It comes back only for a new reason. */
export async function settleDoubt(
  tx: Tx,
  settled: { residentId: number; doubt: string; now: number },
): Promise<boolean> {
  const { residents } = tx.t
  const rows = await tx
    .update(residents)
    .set({ identity_doubt: null, updated_at: settled.now })
    .where(and(eq(residents.id, settled.residentId), eq(residents.identity_doubt, settled.doubt)))
    .returning({ id: residents.id })
  return rows.length > 0
}
