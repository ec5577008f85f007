import * as pg from 'drizzle-orm/pg-core'
import { type Dialect, type SealedType, sealedType } from './dialect.ts'
import type { Vault } from './seal.ts'

/** Apart from the other one: where the database is a file, nothing of this is loaded. */
export function postgresDialect(vault: Vault): Dialect {
  const text = pg.customType<{ data: string; driverData: string }>({ dataType: () => 'text collate "C"' })
  const number = () => pg.bigint({ mode: 'number' })
  const builders = {
    engine: 'postgres',
    table: pg.pgTable,
    index: pg.index,
    uniqueIndex: pg.uniqueIndex,
    id: () => number().primaryKey().generatedByDefaultAsIdentity(),
    text: () => text(),
    integer: number,
    instant: number,
    real: () => pg.doublePrecision(),
    sealed: (place: string) => pg.customType<SealedType>(sealedType(vault, place))(),
  }
  return builders as unknown as Dialect
}
