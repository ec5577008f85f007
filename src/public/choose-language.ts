import { eq } from 'drizzle-orm'
import type { Db } from '../db/open.ts'
import type { ToldNotice } from '../deliver/find-by-token.ts'

/** The one resident who is told of all these notices himself; undefined where a sponsor or somebody else is told too. */
export function soleResident(notices: readonly ToldNotice[]): ToldNotice | undefined {
  const [first] = notices
  const alone = notices.every((notice) => notice.role === 'resident' && notice.residentId === first?.residentId)
  return alone ? first : undefined
}

/** What the resident chose wins over the register and survives imports. */
export async function storeChosenLanguage(
  db: Db,
  choice: { residentId: number; language: string; now: number },
): Promise<void> {
  await db.write(async (tx) => {
    const { residents } = tx.t
    await tx
      .update(residents)
      .set({ chosen_language: choice.language, updated_at: choice.now })
      .where(eq(residents.id, choice.residentId))
  })
}
