import { count, desc, eq, max } from 'drizzle-orm'
import type { Reader } from '../db/open.ts'

/**
 * Another text whenever the register has changed in a way that a scan should see at once: a file was applied, or an officer's
 * correction was made or ended.
 */
export async function registerMark(reader: Reader): Promise<string> {
  const { imports, corrections } = reader.t
  const [newest] = await reader
    .select({ id: imports.id })
    .from(imports)
    .where(eq(imports.state, 'applied'))
    .orderBy(desc(imports.id))
    .limit(1)
  const [corrected] = await reader
    .select({ newest: max(corrections.id), ended: count(corrections.ended_at) })
    .from(corrections)
  return `${newest?.id ?? 0} ${corrected?.newest ?? 0} ${corrected?.ended ?? 0}`
}
