import type { TestProject } from 'vitest/node'
import { openPostgres } from '../src/db/open-postgres.ts'
import { testVault } from '../src/db/testing.ts'
import { databaseName, databaseUrl, NO_SERVER, openPostgresServer } from './postgres-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: { server: string; template: string }
  }
}

/** Once per run: a server (TEST_POSTGRES_URL, else one of our own) and a migrated database to copy. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  await using stack = new AsyncDisposableStack()
  const given = process.env.TEST_POSTGRES_URL
  const own = given ? null : await openPostgresServer()
  if (own) stack.use(own)
  const server = given ?? own?.url
  if (server === undefined) throw new Error(NO_SERVER)
  const template = databaseName('test')
  await onServer(server, [`create database ${template}`])
  if (given) stack.defer(() => dropAll(server, template))
  const db = await openPostgres({ url: databaseUrl(server, template), vault: testVault })
  await db[Symbol.asyncDispose]()
  project.provide('postgres', { server, template })
  const opened = stack.move()
  return () => opened.disposeAsync()
}

async function dropAll(server: string, template: string): Promise<void> {
  const names = await onServer(server, [`select datname from pg_database where datname like '${template}%'`])
  await onServer(
    server,
    names.map((name) => `drop database ${name} with (force)`),
  )
}

async function onServer(url: string, statements: string[]): Promise<string[]> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const names: string[] = []
    for (const statement of statements) {
      const { rows } = await client.query<{ datname: string }>(statement)
      names.push(...rows.map((row) => row.datname))
    }
    return names
  } finally {
    await client.end()
  }
}
