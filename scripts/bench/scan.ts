import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { NO_SERVER, openPostgresServer } from '../../test/postgres-server.ts'
import { runChild } from './child.ts'
import { largeRegister, sampleFile } from './large-register.ts'
import { type BenchOptions, type Line, lineOf, nameOn, sizeFor } from './line.ts'

type Scanned = { seconds: number; permits: number; notices: number; deliveries: number; looked: number }

/** The morning's scan of the large register, and of a small one with the same people due. */
export async function scanLines(options: BenchOptions): Promise<Line[]> {
  if (options.engine === 'postgres') return onPostgres(options)
  const { folder } = await largeRegister(options)
  const small = join(options.folder, 'scan-small')
  if (existsSync(small)) rmSync(small, { recursive: true })
  mkdirSync(small)
  const many = await runChild<Scanned>('scan-child.ts', { what: 'scan', folder })
  await runChild('scan-child.ts', { what: 'small', folder: small, from: folder, permits: smallSize(options) })
  const few = await runChild<Scanned>('scan-child.ts', { what: 'scan', folder: small })
  const limit = await runChild<{ seconds: number }>('scan-child.ts', { what: 'limit', folder })
  rmSync(small, { recursive: true })
  if (few.notices !== many.notices)
    throw new Error(`${few.notices} of ${few.permits} permits are due, ${many.notices} of ${many.permits}`)
  return [
    scanLine(options, many, limit),
    lineOf({
      name: 'scan growth',
      unit: 's',
      value: many.seconds,
      limit: few.seconds,
      better: 'less',
      reach: { atMost: 1.5 },
      rssMb: many.rss_mb,
      note: `${many.permits} permits against ${few.permits}, ${many.notices} due in both`,
    }),
  ]
}

async function onPostgres(options: BenchOptions): Promise<Line[]> {
  const csv = sampleFile(options, sizeFor(options, { full: 100_000, quick: 10_000, tiny: 150 }))
  await using server = await openPostgresServer({ durable: true })
  if (server === null) throw new Error(NO_SERVER)
  const folder = join(options.folder, 'scan-postgres')
  mkdirSync(folder, { recursive: true })
  const ground = { folder, databaseUrl: server.url }
  await runChild('import-child.ts', { what: 'import', csv, ...ground })
  const scanned = await runChild<Scanned>('scan-child.ts', { what: 'scan', ...ground })
  const limit = await runChild<{ seconds: number }>('scan-child.ts', { what: 'limit', ...ground })
  rmSync(folder, { recursive: true })
  return [scanLine(options, scanned, limit)]
}

function scanLine(options: BenchOptions, scanned: Scanned & { rss_mb: number }, limit: { seconds: number }): Line {
  return lineOf({
    name: nameOn('scan', options.engine),
    unit: 's',
    value: scanned.seconds,
    limit: limit.seconds,
    better: 'less',
    reach: { atLeast: 0.5 },
    rssMb: scanned.rss_mb,
    note: `${scanned.permits} permits, ${scanned.notices} due, ${scanned.deliveries} deliveries, ${scanned.looked} looked at`,
  })
}

function smallSize(options: BenchOptions): number {
  return sizeFor(options, { full: 10_000, quick: 1_000, tiny: 100 })
}
