import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { NO_SERVER, openPostgresServer } from '../../test/postgres-server.ts'
import { runChild } from './child.ts'
import { type Imported, largeRegister, sampleFile } from './large-register.ts'
import { type BenchOptions, type Line, lineOf, nameOn, sizeFor } from './line.ts'

type Limit = { read: number; insert: number; rows: number }

/** A register file into an empty register, then again unchanged; the limit reads it and inserts the same rows, and does nothing else. */
export async function importLines(options: BenchOptions): Promise<Line[]> {
  if (options.engine === 'postgres') return onPostgres(options)
  const { csv, folder, imported } = await largeRegister(options)
  const again = await runChild<Imported>('import-child.ts', { what: 'import', folder, csv })
  const limitFolder = join(options.folder, 'import-limit')
  mkdirSync(limitFolder, { recursive: true })
  const limit = await runChild<Limit>('import-child.ts', { what: 'limit', csv, from: folder, folder: limitFolder })
  rmSync(limitFolder, { recursive: true })
  return linesFor(options, { imported, again, limit })
}

async function onPostgres(options: BenchOptions): Promise<Line[]> {
  const residents = sizeFor(options, { full: 100_000, quick: 10_000, tiny: 150 })
  const csv = sampleFile(options, residents)
  await using server = await openPostgresServer({ durable: true })
  if (server === null) throw new Error(NO_SERVER)
  const folder = join(options.folder, 'import-postgres')
  mkdirSync(folder, { recursive: true })
  const ground = { folder, databaseUrl: server.url }
  const imported = await runChild<Imported>('import-child.ts', { what: 'import', csv, ...ground })
  const again = await runChild<Imported>('import-child.ts', { what: 'import', csv, ...ground })
  const limit = await runChild<Limit>('import-child.ts', { what: 'limit', csv, from: folder, ...ground })
  rmSync(folder, { recursive: true })
  return linesFor(options, { imported, again, limit })
}

function linesFor(options: BenchOptions, run: { imported: Imported; again: Imported; limit: Limit }): Line[] {
  const { imported, again, limit } = run
  const possible = limit.rows / (limit.read + limit.insert)
  return (
    [
      ['import', imported],
      ['import again', again],
    ] as const
  ).map(([name, { rows, seconds, rss_mb: rssMb }]) =>
    lineOf({
      name: nameOn(name, options.engine),
      unit: 'rows/s',
      value: rows / seconds,
      limit: possible,
      better: 'more',
      reach: { atLeast: 0.3, rssMb: 350 },
      rssMb,
      note: `${rows} rows in ${seconds.toFixed(1)} s; reading alone ${limit.read.toFixed(1)} s, inserting ${limit.insert.toFixed(1)} s`,
    }),
  )
}
