import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import type { EngineName } from './dialect.ts'
import type { Reader } from './open.ts'

const MIGRATIONS = join(import.meta.dirname, '../../migrations')

/** The steps that this program brings a database through, in order. */
export function knownMigrations(engine: EngineName): string[] {
  return readdirSync(join(MIGRATIONS, engine)).sort()
}

/** `waiting`: this program's, not yet done here; `foreign`: done here by a newer program. */
export async function migrationState(reader: Reader): Promise<{ waiting: string[]; foreign: string[] }> {
  const rows =
    reader.engine === 'sqlite'
      ? await reader.all<{ name: string }>(sql`select name from __drizzle_migrations`)
      : await reader.all<{ name: string }>(sql`select name from drizzle.__drizzle_migrations`)
  return compareMigrations(
    knownMigrations(reader.engine),
    rows.map(({ name }) => name),
  )
}

export function compareMigrations(
  known: readonly string[],
  done: readonly string[],
): { waiting: string[]; foreign: string[] } {
  return {
    waiting: known.filter((name) => !done.includes(name)),
    foreign: done.filter((name) => !known.includes(name)),
  }
}
