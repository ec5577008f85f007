import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { type CivilDate, dateAt } from '../../src/lib/civil-date.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { TIME_ZONE } from '../../test/ground.ts'
import { type BenchOptions, sizeFor } from './line.ts'
import { liveWeeks, openOffice, type Place } from './weeks.ts'

/** A register with some weeks of history, made once per run. */
export type LivedIn = Place & { residents: number }

/** `residents` of them are copies of the first `lived`, who went through everything. */
type Size = { residents: number; lived: number }

/** Their columns that point to another row, or are one. */
const IDS = new Set(['id', 'resident_id', 'permit_id', 'cycle_id', 'notice_id', 'delivery_id', 'case_id'])
/** What tells one row from another, or one number from another. */
const OWN = new Set([
  'register_no',
  'full_name',
  'passport_index',
  'phone_index',
  'sponsor_phone_index',
  'permit_no',
  'reference',
  'token_hash',
  'sid',
])
/** In the order of their references. */
const COPIED = [
  'residents',
  'permits',
  'holds',
  'cycles',
  'notices',
  'deliveries',
  'delivery_notices',
  'attempts',
  'acknowledgements',
  'overstay_cases',
  'case_events',
  'follow_ups',
]

/** The country's register, as of the real today: what is started on it has nothing to catch up with. */
export function millionResidents(options: BenchOptions): Promise<LivedIn> {
  const full = { residents: 1_000_000, lived: 10_000 }
  const quick = { residents: 20_000, lived: 1_500 }
  return livedIn(options, 'million', sizeFor(options, { full, quick, tiny: { residents: 600, lived: 300 } }))
}

/** What the demo shows: one office of 138 residents. */
export function demoResidents(options: BenchOptions): Promise<LivedIn> {
  return livedIn(options, 'demo', { residents: 138, lived: 138 })
}

const made = new Map<string, Promise<LivedIn>>()

function livedIn(options: BenchOptions, name: string, size: Size): Promise<LivedIn> {
  const folder = join(options.folder, `${name}-${size.residents}`)
  const known = made.get(folder)
  if (known !== undefined) return known
  const register = existsSync(join(folder, 'tenggat.db'))
    ? Promise.resolve({ folder, today: lastDayOf(folder), residents: size.residents })
    : newLivedIn(options, folder, size)
  made.set(folder, register)
  return register
}

async function newLivedIn(options: BenchOptions, folder: string, size: Size): Promise<LivedIn> {
  const begun = performance.now()
  const today = dateAt(systemClock.now(), TIME_ZONE)
  const unfinished = `${folder}.part`
  rmSync(unfinished, { recursive: true, force: true })
  await makeLivedIn({ folder: unfinished, today }, { ...size, seed: options.seed })
  renameSync(unfinished, folder)
  options.tell(
    `  ${size.residents} residents and their history in ${Math.round((performance.now() - begun) / 1_000)} s`,
  )
  return { folder, today, residents: size.residents }
}

/** Of one that was kept: the day of its last scan. */
function lastDayOf(folder: string): CivilDate {
  const database = new Database(join(folder, 'tenggat.db'), { readonly: true })
  try {
    return database.prepare<[], CivilDate>('select max(created_on) from notices').pluck().get()!
  } finally {
    database.close()
  }
}

/** On SQLite, in the folder. Copies have numbers and names of their own, and the dates and sealed values of whom they are copied from. */
export async function makeLivedIn(place: Place, { residents, lived, seed }: Size & { seed: number }): Promise<void> {
  mkdirSync(place.folder, { recursive: true })
  await liveWeeks(place, { residents: lived, seed })
  const copies = Math.round(residents / lived) - 1
  if (copies > 0) copyAll(join(place.folder, 'tenggat.db'), copies)
  // Once through the program: the settings that every connection has.
  await using _app = await openOffice(place)
}

function copyAll(file: string, copies: number): void {
  const database = new Database(file)
  try {
    for (const setting of ['journal_mode = off', 'synchronous = off', 'foreign_keys = off', 'cache_size = -200000']) {
      database.pragma(setting)
    }
    const marks = COPIED.map(() => '?').join()
    const indexes = database
      .prepare<string[], { name: string; sql: string }>(
        `select name, sql from sqlite_master where type = 'index' and sql is not null and tbl_name in (${marks})`,
      )
      .all(...COPIED)
    for (const { name } of indexes) database.exec(`drop index "${name}"`)
    const stride = Math.max(...COPIED.map((table) => highest(database, table))) + 1
    database.exec('begin')
    for (const table of COPIED) {
      const copy = database.prepare(copying(database, table))
      for (let number = 1; number <= copies; number += 1) copy.run({ number, offset: number * stride, stride })
    }
    database.exec('commit')
    for (const { sql } of indexes) database.exec(sql)
  } finally {
    database.close()
  }
}

function highest(database: Database.Database, table: string): number {
  return database.prepare<[], number | null>(`select max(id) from ${table}`).pluck().get() ?? 0
}

function copying(database: Database.Database, table: string): string {
  const columns = (database.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => name)
  const copied = columns.map((name) => {
    if (name === 'cycle_id') return `case when cycle_id = 0 then 0 else cycle_id + :offset end`
    if (IDS.has(name)) return `"${name}" + :offset`
    return OWN.has(name) ? `"${name}" || '-' || :number` : `"${name}"`
  })
  const list = columns.map((name) => `"${name}"`).join()
  return `insert into ${table} (${list}) select ${copied.join()} from ${table} where id < :stride order by id`
}
