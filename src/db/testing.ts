import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EngineName } from './dialect.ts'
import { type Db, openSqlite } from './open.ts'
import { newKeyFile, openVault, type Vault } from './seal.ts'

/** The PostgreSQL server of this run of the tests, and its migrated database that all others are copied from. Set by test/postgres.ts. */
export const SERVER_VARIABLE = 'TENGGAT_TEST_SERVER'
export const TEMPLATE_VARIABLE = 'TENGGAT_TEST_TEMPLATE'

export const testVault = openVault(newKeyFile('k1'), 'test')

export function testEngine(): EngineName {
  return process.env[SERVER_VARIABLE] ? 'postgres' : 'sqlite'
}

/** An empty database of its own, on the engine under test; gone when it is closed. */
export async function openTestDb({ vault = testVault }: { vault?: Vault } = {}): Promise<Db> {
  if (testEngine() === 'sqlite') return openTestSqlite({ vault })
  await using stack = new AsyncDisposableStack()
  const { url } = stack.use(await testDatabase())
  const { openPostgres } = await import('./open-postgres.ts')
  return closingWith(stack.move(), await openPostgres({ url: url!, vault, migrate: false }))
}

/** On SQLite, whatever engine is under test. */
export async function openTestSqlite({ vault = testVault }: { vault?: Vault } = {}): Promise<Db> {
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-db-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  return closingWith(stack.move(), await openSqlite({ file: join(folder, 'a.db'), vault }))
}

function closingWith(stack: AsyncDisposableStack, db: Db): Db {
  stack.use(db)
  return { ...db, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** Emptied and lent again: copying the template takes ten times as long. */
const idle: string[] = []

/** For what opens its database by `DATABASE_URL`: a migrated, empty one on PostgreSQL, undefined where a file is under test. */
export async function testDatabase(): Promise<{ url: string | undefined } & AsyncDisposable> {
  const server = process.env[SERVER_VARIABLE]
  const template = process.env[TEMPLATE_VARIABLE]
  if (!server || !template) return { url: undefined, [Symbol.asyncDispose]: () => Promise.resolve() }
  const used = idle.pop()
  const name = used ?? `${template}_${randomBytes(6).toString('hex')}`
  const at = new URL(server)
  at.pathname = `/${name}`
  const url = at.href
  if (used) await ask(url, EMPTY)
  else await ask(server, `create database ${name} template ${template}`)
  return {
    url,
    async [Symbol.asyncDispose]() {
      idle.push(name)
    },
  }
}

const EMPTY = `do $$
declare
  tab regclass;
  seq regclass;
  there boolean;
  filled text[] := '{}';
begin
  for tab in select oid from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace loop
    execute format('select exists (select from %s)', tab) into there;
    if there then filled := filled || tab::text; end if;
  end loop;
  if filled <> '{}' then execute 'truncate ' || array_to_string(filled, ', ') || ' cascade'; end if;
  for seq in select format('%I.%I', schemaname, sequencename) from pg_sequences where schemaname = 'public' and last_value is not null loop
    execute format('alter sequence %s restart', seq);
  end loop;
end $$`

async function ask(url: string, statement: string): Promise<void> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
