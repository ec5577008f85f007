import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { sql } from 'drizzle-orm'
import type { App } from '../../src/app.ts'
import { addDays } from '../../src/lib/civil-date.ts'
import { say, taskOf } from './child.ts'
import { openBench, TODAY } from './ground.ts'

type Task = { folder: string; databaseUrl?: string } & (
  | { what: 'scan' | 'limit' }
  /** A register of so many permits, with everybody of `from` whom its last scan found due. */
  | { what: 'small'; from: string; permits: number }
)

const TIMES = 5
/** What a scan writes, in the order in which it can be written. */
const WRITTEN = ['cycles', 'notices', 'deliveries', 'delivery_notices']
/** The stage of every kind: what the limit looks for. */
const DUE_WITHIN = 14

async function main(): Promise<void> {
  const task = taskOf<Task>()
  if (task.what === 'small') copyFileSync(join(task.from, 'secret.key'), join(task.folder, 'secret.key'))
  await using app = await openBench(task)
  if (task.what === 'small') say(makeSmall(app, task))
  else if (task.what === 'scan') say(await scans(app))
  else say(task.databaseUrl ? await limitOnPostgres(task.databaseUrl) : limitOnSqlite(app.config.databaseFile!))
}

/** The middle one of several scans, each of a register in which nobody has been told. */
async function scans(app: App) {
  const seconds: number[] = []
  let result = { notices_new: 0, deliveries_new: 0, permits_looked_at: 0 }
  for (let n = 0; n < TIMES; n += 1) {
    await app.db.write(async (tx) => {
      for (const table of WRITTEN.toReversed()) await tx.run(sql.raw(`delete from ${table}`))
    })
    const begun = performance.now()
    result = await app.scan()
    seconds.push((performance.now() - begun) / 1_000)
  }
  return {
    seconds: middle(seconds),
    permits: await app.db.read.$count(app.db.t.permits),
    notices: result.notices_new,
    deliveries: result.deliveries_new,
    looked: result.permits_looked_at,
  }
}

function makeSmall(app: App, { from, permits }: Extract<Task, { what: 'small' }>): { permits: number } {
  const database = new Database(app.config.databaseFile)
  database.prepare('attach ? as large').run(join(from, 'tenggat.db'))
  database.transaction(() => {
    database.exec('insert into imports select * from large.imports')
    database.exec('create temp table chosen (resident_id integer primary key)')
    database.exec('insert or ignore into chosen select resident_id from large.cycles')
    const { n } = database.prepare('select count(*) as n from chosen').get() as { n: number }
    database
      .prepare(
        'insert or ignore into chosen select id from large.residents where id not in (select resident_id from chosen) limit ?',
      )
      .run(Math.max(0, permits - n))
    database.exec('insert into residents select r.* from large.residents r join chosen c on c.resident_id = r.id')
    database.exec('insert into permits select p.* from large.permits p join chosen c on c.resident_id = p.resident_id')
    // Who is held is not told, here as there.
    database.exec('insert into holds select h.* from large.holds h join chosen c on c.resident_id = h.resident_id')
  })()
  database.close()
  return { permits }
}

/** Finds the due ones with one query, then writes the very rows that the scan wrote, by prepared statements. */
function limitOnSqlite(file: string): { seconds: number } {
  const database = new Database(file)
  database.pragma('synchronous = FULL')
  database.pragma('foreign_keys = ON')
  const find = database.prepare(`${FIND} between ? and ?`)
  const written = WRITTEN.map((table) => {
    const all = database.prepare(`select * from ${table}`).raw()
    const columns = all.columns().map(({ name }) => name)
    return {
      rows: all.all() as unknown[][],
      insert: database.prepare(`insert into ${table} (${columns}) values (${columns.map(() => '?')})`),
    }
  })
  const seconds: number[] = []
  for (let n = 0; n < TIMES; n += 1) {
    for (const table of WRITTEN.toReversed()) database.exec(`delete from ${table}`)
    const begun = performance.now()
    find.all(TODAY, addDays(TODAY, DUE_WITHIN))
    database.transaction(() => {
      for (const { rows, insert } of written) for (const row of rows) insert.run(row)
    })()
    seconds.push((performance.now() - begun) / 1_000)
  }
  database.close()
  return { seconds: middle(seconds) }
}

const FIND = `select p.*, r.* from permits p join residents r on r.id = p.resident_id
  where p.is_current = 1 and p.expires_on`

/** The same on PostgreSQL, a hundred rows per statement. */
async function limitOnPostgres(url: string): Promise<{ seconds: number }> {
  const perStatement = 100
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const written = []
  for (const table of WRITTEN) {
    const { rows, fields } = await client.query<unknown[]>({ text: `select * from ${table}`, rowMode: 'array' })
    written.push({ table, rows, columns: fields.map(({ name }) => name) })
  }
  const seconds: number[] = []
  for (let n = 0; n < TIMES; n += 1) {
    for (const table of WRITTEN.toReversed()) await client.query(`delete from ${table}`)
    const begun = performance.now()
    await client.query({ name: 'find', text: `${FIND} between $1 and $2`, values: [TODAY, addDays(TODAY, DUE_WITHIN)] })
    await client.query('begin')
    for (const { table, rows, columns } of written) {
      for (let from = 0; from < rows.length; from += perStatement) {
        const some = rows.slice(from, from + perStatement)
        const values = some.map((_, row) => `(${columns.map((_name, at) => `$${row * columns.length + at + 1}`)})`)
        await client.query({
          name: `${table} ${some.length}`,
          text: `insert into ${table} (${columns.map((name) => `"${name}"`)}) values ${values}`,
          values: some.flat(),
        })
      }
    }
    await client.query('commit')
    seconds.push((performance.now() - begun) / 1_000)
  }
  await client.end()
  return { seconds: middle(seconds) }
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

await main()
