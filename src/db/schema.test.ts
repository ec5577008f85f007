import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import type { Reader } from './open.ts'
import { openTestDb, openTestSqlite, testEngine } from './testing.ts'

/** One table as it stands in a live database, in words that both engines share. */
type Shape = {
  columns: Record<string, { type: string; nullable: boolean; key: boolean; fallback: string | null }>
  indexes: Record<string, { unique: boolean; columns: string[]; where: string | null }>
  references: string[]
}

describe.runIf(testEngine() === 'postgres')('the two migrations', () => {
  it('make the same tables, column by column and index by index', async () => {
    await using postgres = await openTestDb()
    await using sqlite = await openTestSqlite()
    const [here, there] = [await shapesInPostgres(postgres.read), await shapesInSqlite(sqlite.read)]
    expect(Object.keys(there)).toEqual(Object.keys(here))
    expect(there).toEqual(here)
    const declared = Object.keys(postgres.t).toSorted()
    expect(Object.keys(here)).toEqual(declared)
    expect(Object.values(here).flatMap((shape) => Object.keys(shape.indexes)).length).toBeGreaterThan(60)
  })

  it('compare bytewise whatever stands in an index', async () => {
    await using db = await openTestDb()
    const others = await db.read.all(sql`
      select c.relname, a.attname, l.collname from pg_index i
      join pg_class c on c.oid = i.indrelid and c.relnamespace = 'public'::regnamespace
      join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey) and a.atttypid = 'text'::regtype
      join pg_collation l on l.oid = a.attcollation
      where l.collname <> 'C'`)
    expect(others).toEqual([])
  })
})

const TYPES: Readonly<Record<string, string>> = {
  integer: 'whole',
  bigint: 'whole',
  text: 'text',
  real: 'fraction',
  'double precision': 'fraction',
}

async function shapesInSqlite(read: Reader): Promise<Record<string, Shape>> {
  const tables = await read.all<{ name: string }>(sql`
    select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name <> '__drizzle_migrations'
    order by name`)
  const shapes: Record<string, Shape> = {}
  for (const { name } of tables) {
    const columns = await read.all<Record<'name' | 'type' | 'dflt_value', string> & Record<'notnull' | 'pk', number>>(
      sql`select * from pragma_table_info(${name}) order by cid`,
    )
    const indexes = await read.all<{ name: string; unique: number; where: string | null }>(sql`
      select l.name, l."unique", substr(m.sql, instr(lower(m.sql), ' where ') + 7, iif(instr(lower(m.sql), ' where ') > 0, 1000, 0)) as "where"
      from pragma_index_list(${name}) l join sqlite_master m on m.name = l.name and m.sql is not null`)
    const parts = await read.all<{ index_name: string; name: string; desc: number; coll: string }>(sql`
      select l.name as index_name, x.name, x.desc, x.coll from pragma_index_list(${name}) l, pragma_index_xinfo(l.name) x
      where x.key = 1 order by l.name, x.seqno`)
    const keys = await read.all<Record<'from' | 'table' | 'to', string>>(
      sql`select * from pragma_foreign_key_list(${name})`,
    )
    shapes[name] = {
      columns: Object.fromEntries(
        columns.map((column) => [
          column.name,
          {
            type: typeOf(column.type),
            nullable: column.notnull === 0 && column.pk === 0,
            key: column.pk > 0,
            fallback: column.dflt_value === null ? null : fallbackOf(column.dflt_value),
          },
        ]),
      ),
      indexes: Object.fromEntries(
        indexes.map((index) => [
          index.name,
          {
            unique: index.unique === 1,
            columns: parts
              .filter((part) => part.index_name === index.name)
              .map((part) => `${part.name}${part.desc ? ' desc' : ''}`),
            where: conditionOf(index.where),
          },
        ]),
      ),
      references: keys.map((key) => `${key.from} -> ${key.table}.${key.to}`).toSorted(),
    }
  }
  return shapes
}

async function shapesInPostgres(read: Reader): Promise<Record<string, Shape>> {
  const tables = await read.all<{ id: number; name: string }>(sql`
    select c.oid::int as id, c.relname::text as name from pg_class c
    where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace order by c.relname::text collate "C"`)
  const shapes: Record<string, Shape> = {}
  for (const { id, name } of tables) {
    const columns = await read.all<
      Record<'name' | 'type', string> & { needed: boolean; key: boolean; fallback: string | null }
    >(sql`
      select a.attname::text as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as needed,
        exists (select from pg_index i where i.indrelid = a.attrelid and i.indisprimary and a.attnum = any(i.indkey)) as key,
        pg_get_expr(d.adbin, d.adrelid) as fallback
      from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = ${id} and a.attnum > 0 and not a.attisdropped order by a.attnum`)
    const indexes = await read.all<{ name: string; unique: boolean; columns: string[]; where: string | null }>(sql`
      select c.relname::text as name, i.indisunique as "unique", pg_get_expr(i.indpred, i.indrelid) as "where",
        array(select pg_get_indexdef(i.indexrelid, n, true) || case when i.indoption[n - 1] & 1 = 1 then ' desc' else '' end
          from generate_series(1, i.indnkeyatts) n order by n) as columns
      from pg_index i join pg_class c on c.oid = i.indexrelid
      where i.indrelid = ${id} and not i.indisprimary`)
    const keys = await read.all<{ from: string; table: string; to: string }>(sql`
      select a.attname::text as "from", k.confrelid::regclass::text as "table", b.attname::text as "to" from pg_constraint k
      join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
      join pg_attribute b on b.attrelid = k.confrelid and b.attnum = k.confkey[1]
      where k.conrelid = ${id} and k.contype = 'f'`)
    shapes[name] = {
      columns: Object.fromEntries(
        columns.map((column) => [
          column.name,
          {
            type: typeOf(column.type),
            nullable: !column.needed,
            key: column.key,
            fallback: column.fallback === null ? null : fallbackOf(column.fallback),
          },
        ]),
      ),
      indexes: Object.fromEntries(
        indexes.map((index) => [
          index.name,
          {
            unique: index.unique,
            columns: index.columns.map((column) => column.replaceAll('"', '')),
            where: conditionOf(index.where),
          },
        ]),
      ),
      references: keys.map((key) => `${key.from} -> ${key.table}.${key.to}`).toSorted(),
    }
  }
  return shapes
}

function typeOf(said: string): string {
  const type = TYPES[said.toLowerCase()]
  if (type === undefined) throw new Error(`${said} is a type that the schema does not use`)
  return type
}

function fallbackOf(said: string): string {
  return said.replace(/::[a-z ]+$/, '').replace(/^'(-?\d+)'$/, '$1')
}

function conditionOf(said: string | null): string | null {
  return (
    said
      ?.replace(/^\((.*)\)$/, '$1')
      .replaceAll(/["`]/g, '')
      .toLowerCase() || null
  )
}
