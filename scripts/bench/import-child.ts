import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { parse } from 'csv-parse'
import { say, taskOf } from './child.ts'
import { openBench } from './ground.ts'

type Task = { folder: string; csv: string; databaseUrl?: string } & (
  | { what: 'import' }
  /** `from`: the folder of a register that was imported from the same file. */
  | { what: 'limit'; from: string }
)

const PER_TRANSACTION = 5_000

/** What the line "import" measures, each in a process of its own. */
async function main(): Promise<void> {
  const task = taskOf<Task>()
  if (task.what === 'import') say(await runImport(task))
  else {
    const { rows, seconds: read } = await readOnly(task.csv)
    const insert = task.databaseUrl ? await insertPostgres(task.databaseUrl) : await insertSqlite(task)
    say({ rows, read, insert })
  }
}

async function runImport(task: Task): Promise<{ rows: number; seconds: number }> {
  await using app = await openBench(task)
  const begun = performance.now()
  const result = await app.importFile({ file: task.csv })
  const seconds = since(begun)
  if (result.state !== 'applied') throw new Error(`the import was ${result.state}: ${result.reason ?? ''}`)
  return { rows: result.rows, seconds }
}

/** csv-parse over the whole file, nothing done with what it reads. */
async function readOnly(csv: string): Promise<{ rows: number; seconds: number }> {
  const begun = performance.now()
  let rows = -1
  const parser = createReadStream(csv).pipe(parse({ delimiter: ';', bom: true, relax_column_count: true }))
  for await (const _record of parser) rows += 1
  return { rows, seconds: since(begun) }
}

/** The very rows that the import left, into tables with the same indexes, by prepared statements. */
async function insertSqlite({ folder, from }: Extract<Task, { what: 'limit' }>): Promise<number> {
  await using app = await openBench({ folder })
  const target = new Database(app.config.databaseFile)
  target.pragma('journal_mode = WAL')
  target.pragma('synchronous = FULL')
  target.pragma('foreign_keys = ON')
  const source = new Database(join(from, 'tenggat.db'), { readonly: true })
  let seconds = 0
  for (const table of ['residents', 'permits']) {
    const page = source.prepare(`select * from ${table} where id > ? order by id limit ${PER_TRANSACTION}`).raw()
    const columns = page.columns().map(({ name }) => name)
    const insert = target.prepare(`insert into ${table} (${columns}) values (${columns.map(() => '?')})`)
    for (let after = 0; ; ) {
      const rows = page.all(after) as [number, ...unknown[]][]
      if (rows.length === 0) break
      after = rows.at(-1)![0]
      const begun = performance.now()
      target.transaction(() => {
        for (const row of rows) insert.run(row)
      })()
      seconds += since(begun)
    }
  }
  source.close()
  target.close()
  return seconds
}

/** The same on PostgreSQL, a hundred rows per statement, into a copy of the tables. */
async function insertPostgres(url: string): Promise<number> {
  const { default: pg } = await import('pg')
  const perStatement = 100
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  let seconds = 0
  for (const table of ['residents', 'permits']) {
    await client.query(`create table limit_${table} (like ${table} including all)`)
    const columns = (await client.query(`select * from ${table} limit 0`)).fields.map(({ name }) => name)
    const values = Array.from(
      { length: perStatement },
      (_, row) => `(${columns.map((_name, column) => `$${row * columns.length + column + 1}`)})`,
    )
    const text = `insert into limit_${table} (${columns.map((name) => `"${name}"`)}) values ${values}`
    for (let after = 0; ; ) {
      const { rows } = await client.query<unknown[]>({
        text: `select * from ${table} where id > $1 order by id limit ${PER_TRANSACTION}`,
        values: [after],
        rowMode: 'array',
      })
      // The last few rows do not fill a statement.
      const whole = rows.length - (rows.length % perStatement)
      if (whole === 0) break
      after = Number(rows[whole - 1]![columns.indexOf('id')])
      const begun = performance.now()
      await client.query('begin')
      for (let from = 0; from < whole; from += perStatement) {
        await client.query({ name: `limit ${table}`, text, values: rows.slice(from, from + perStatement).flat() })
      }
      await client.query('commit')
      seconds += since(begun)
    }
  }
  await client.end()
  return seconds
}

function since(begun: number): number {
  return (performance.now() - begun) / 1_000
}

await main()
