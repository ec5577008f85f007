import { parentPort } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { messageOf } from '../../lib/errors.ts'

export type Request = { kind: 'snapshot'; from: string; to: string } | { kind: 'inspect'; file: string }

export type Inspected = {
  /** `ok`, or the first thing that is wrong. */
  integrity: string
  /** Rows by table. */
  tables: Record<string, number>
  migrations: string[]
}

export type Reply = { ok: true; inspected: Inspected | null } | { ok: false; message: string; code: string | null }

/** A database is copied and checked in one breath of many seconds: here, where no webhook waits for it. */
parentPort?.once('message', (request: Request) => {
  parentPort?.postMessage(answer(request))
})

function answer(request: Request): Reply {
  try {
    if (request.kind === 'inspect') return { ok: true, inspected: inspect(request.file) }
    snapshot(request)
    return { ok: true, inspected: null }
  } catch (error) {
    const code = error instanceof Database.SqliteError ? error.code : null
    return { ok: false, message: messageOf(error), code }
  }
}

/**
 * One read transaction: writers go on meanwhile and cannot make it begin anew, as they would with the page by page copy of
 * `backup()` from another connection. What was deleted does not come along.
 */
function snapshot({ from, to }: { from: string; to: string }): void {
  const client = new Database(from, { readonly: true, timeout: 30_000 })
  try {
    client.prepare('vacuum into ?').run(to)
  } finally {
    client.close()
  }
}

function inspect(file: string): Inspected {
  const client = new Database(file, { readonly: true })
  try {
    const integrity = client.pragma('integrity_check(1)', { simple: true }) as string
    if (integrity !== 'ok') return { integrity, tables: {}, migrations: [] }
    const broken = client.pragma('foreign_key_check') as unknown[]
    const names = client
      .prepare<[], { name: string }>(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite%' order by name",
      )
      .all()
    const tables = names.map(({ name }) => {
      const row = client.prepare<[], { rows: number }>(`select count(*) as rows from "${name}"`).get()
      return [name, row?.rows ?? 0] as const
    })
    return {
      integrity: broken.length === 0 ? 'ok' : `${broken.length} rows refer to rows that are missing`,
      tables: Object.fromEntries(tables),
      migrations: migrationsIn(client),
    }
  } finally {
    client.close()
  }
}

function migrationsIn(client: Database.Database): string[] {
  const known = client
    .prepare("select 1 from sqlite_master where type = 'table' and name = '__drizzle_migrations'")
    .get()
  if (!known) return []
  return client
    .prepare<[], { name: string }>('select name from __drizzle_migrations order by id')
    .all()
    .map(({ name }) => name)
}
