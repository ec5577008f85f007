import { join } from 'node:path'
import type { PGlite } from '@electric-sql/pglite'
import type { SQL } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/pglite'
import { migrate } from 'drizzle-orm/pglite/migrator'
import { isContention, postgresDialect } from './dialect.ts'
import { type Db, insideWrite, type Reader, refuseNested, type Tx } from './open.ts'
import { defineTables, type Tables } from './schema.ts'
import type { Vault } from './seal.ts'

const MIGRATIONS = join(import.meta.dirname, '../../migrations/postgres')
const TRIES = 5

/** The same database on PostgreSQL compiled to WebAssembly: what the engine-dependent pieces are tested on. */
export async function openPglite(options: { client: PGlite; vault: Vault }): Promise<Db> {
  const db = drizzle({ client: options.client })
  await migrate(db, { migrationsFolder: MIGRATIONS })
  const t = defineTables(postgresDialect(options.vault))
  return {
    engine: 'postgres',
    t,
    vault: options.vault,
    read: readerOf(db, t),
    async write(work) {
      refuseNested()
      for (let attempt = 1; ; attempt++) {
        try {
          return await db.transaction((tx) => insideWrite(() => work(postgresTx(tx, t))), {
            isolationLevel: 'read committed',
          })
        } catch (error) {
          if (attempt === TRIES || !isContention('postgres', error)) throw error
        }
      }
    },
    [Symbol.asyncDispose]: () => options.client.close(),
  }
}

type Drizzle = Pick<
  ReturnType<typeof drizzle>,
  'select' | 'selectDistinct' | '$count' | 'insert' | 'update' | 'delete' | 'execute'
>

function readerOf(db: Drizzle, t: Tables): Reader {
  const reader = {
    t,
    engine: 'postgres',
    select: db.select.bind(db),
    selectDistinct: db.selectDistinct.bind(db),
    $count: db.$count.bind(db),
    all: async (query: SQL) => (await db.execute(query)).rows,
  }
  return reader as unknown as Reader
}

function postgresTx(db: Drizzle, t: Tables): Tx {
  const writes = {
    insert: db.insert.bind(db),
    update: db.update.bind(db),
    delete: db.delete.bind(db),
    run: async (statement: SQL) => {
      await db.execute(statement)
    },
  }
  return { ...readerOf(db, t), ...writes } as unknown as Tx
}
