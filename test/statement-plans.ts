import Database from 'better-sqlite3'
import { sql } from 'drizzle-orm'
import type { App } from '../src/app.ts'

/** A table that is read from one end to the other, by which statement. */
export type Scan = { table: string; statement: string; plan: string }

/** Texts with the last values that they were given; on SQLite without. */
export type Statements = ReadonlyMap<string, unknown[]>

/** Listens at the drivers: every text that the program gives them from now on, until it is closed. */
export async function listenToStatements(): Promise<Disposable & { take(): Statements }> {
  const { default: pg } = await import('pg')
  let heard = new Map<string, unknown[]>()
  const { prepare } = Database.prototype
  Database.prototype.prepare = function (this: Database.Database, text: string) {
    heard.set(text, [])
    return prepare.call(this, text)
  } as typeof prepare
  const query = pg.Client.prototype.query as (...given: unknown[]) => unknown
  Object.assign(pg.Client.prototype, {
    query(this: InstanceType<typeof pg.Client>, ...given: unknown[]) {
      const [first, values] = given as [string | { text?: string }, unknown]
      const text = typeof first === 'string' ? first : first.text
      if (text !== undefined) heard.set(text, Array.isArray(values) ? values : [])
      return query.apply(this, given)
    },
  })
  return {
    take() {
      const taken = heard
      heard = new Map()
      return taken
    },
    [Symbol.dispose]() {
      Database.prototype.prepare = prepare
      Object.assign(pg.Client.prototype, { query })
    },
  }
}

/** The newest few by the primary key; and what an empty list was asked for. */
const READS_LITTLE = /order by "\w+"\."id" desc limit \S+$|\(1 = 0\)|where 1 = 0\b/
const EXPLAINED = /^\s*(select|insert|update|delete|with)\b/i

/** Where the engine would read one of `tables` whole to answer these. */
export function wholeReads(app: App, statements: Statements, tables: readonly string[]): Promise<Scan[]> {
  const judged = [...statements].filter(([text]) => EXPLAINED.test(text) && !READS_LITTLE.test(text))
  if (app.db.engine === 'postgres') return onPostgres(app, judged, tables)
  return onSqlite(
    app,
    judged.map(([text]) => text),
    tables,
  )
}

/** The program keeps no statistics on SQLite: these are the very plans it runs by, however many rows there are. */
async function onSqlite({ config }: App, texts: string[], tables: readonly string[]): Promise<Scan[]> {
  using database = asDisposable(new Database(config.databaseFile, { readonly: true }))
  return texts.flatMap((statement) => {
    const parameters = statement.replaceAll(/'[^']*'|"[^"]*"/g, '').match(/\?/g)?.length ?? 0
    const lines = database.prepare(`explain query plan ${statement}`).all(...Array<null>(parameters).fill(null)) as {
      detail: string
    }[]
    return lines.flatMap(({ detail }) => {
      const scanned = /^SCAN (\w+)/.exec(detail)?.[1]
      if (scanned === undefined) return []
      const table = nameOf(scanned, statement)
      return tables.includes(table) ? [{ table, statement, plan: detail }] : []
    })
  })
}

/** The table behind the name that a plan speaks of: its own, or an alias. */
function nameOf(name: string, statement: string): string {
  return new RegExp(`"(\\w+)" "${name}"`).exec(statement)?.[1] ?? name
}

function asDisposable(database: Database.Database): Database.Database & Disposable {
  return Object.assign(database, {
    [Symbol.dispose]: () => {
      database.close()
    },
  })
}

const WALKS = new Set(['Index Scan', 'Index Only Scan'])
const READS_A_PAGE = /limit \$\d+$|^select (max\("id"\)|\(select max\()/

/** Makes the planner believe that there are so many times the rows: a test cannot wait for a million. */
export async function pretendMillions({ db }: App, tables: readonly string[], times: number): Promise<void> {
  if (db.engine === 'sqlite') return
  await db.write(async (tx) => {
    await tx.run(sql.raw('analyze'))
    const names = tables.map((table) => `'${table}'`).join()
    const grown = `select pg_restore_relation_stats('schemaname', 'public', 'relname', c.relname::text,
      'relpages', greatest(c.relpages, 1), 'reltuples', (c.reltuples * ${times})::real)
      from pg_class c left join pg_index i on i.indexrelid = c.oid
      where coalesce(i.indrelid, c.oid) in (select oid from pg_class where relname in (${names}) and relkind = 'r')`
    await tx.run(sql.raw(grown))
  })
}

type Node = {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  Filter?: string
  Plans?: Node[]
}

/** Plans for the values that were asked with, by the statistics that `pretendMillions` left. */
async function onPostgres(
  { secrets }: App,
  statements: [string, unknown[]][],
  tables: readonly string[],
): Promise<Scan[]> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: secrets.databaseUrl })
  await client.connect()
  try {
    const { rows: partial } = await client.query<{ name: string }>(
      'select indexrelid::regclass::text as name from pg_index where indpred is not null',
    )
    const narrow = new Set(partial.map(({ name }) => name))
    const scans: Scan[] = []
    for (const [statement, values] of statements) {
      const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
        `explain (format json) ${statement}`,
        values,
      )
      for (const node of nodesOf(rows[0]!['QUERY PLAN'][0].Plan)) {
        const table = node['Relation Name']
        if (table === undefined || !tables.includes(table) || node['Index Cond'] !== undefined) continue
        const { 'Node Type': type, 'Index Name': index, Filter: filter } = node
        // An index of a few rows, read whole, is what it is there for.
        if (index !== undefined && narrow.has(index)) continue
        // Along an index to the end of a page that is asked for is not to the end of the table.
        if (type === 'Seq Scan' || (WALKS.has(type) && !READS_A_PAGE.test(statement))) {
          scans.push({ table, statement, plan: `${type} on ${table}, ${filter ?? 'everything'}` })
        }
      }
    }
    return scans
  } finally {
    await client.end()
  }
}

function* nodesOf(node: Node): Generator<Node> {
  yield node
  for (const inner of node.Plans ?? []) yield* nodesOf(inner)
}
