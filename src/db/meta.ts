import { eq } from 'drizzle-orm'
import type { Reader, Tx } from './open.ts'

/** What the program has noted for itself under this name; null where nothing is. */
export async function readMeta(reader: Reader, key: string): Promise<string | null> {
  const { meta } = reader.t
  const [row] = await reader.select({ value: meta.value }).from(meta).where(eq(meta.key, key))
  return row?.value ?? null
}

/** Notes it in place of what was there. */
export async function writeMeta(tx: Tx, key: string, value: string): Promise<void> {
  const { meta } = tx.t
  await tx.insert(meta).values({ key, value }).onConflictDoUpdate({ target: meta.key, set: { value } })
}
