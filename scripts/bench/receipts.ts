import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { databaseUrl, NO_SERVER, openPostgresServer } from '../../test/postgres-server.ts'
import { openChild, runChild } from './child.ts'
import { type BenchOptions, type Line, lineOf, nameOn, sizeFor } from './line.ts'

type Ready = { url: string; attempts: number }
type Called = { seconds: number }
type Merged = { seconds: number; receipts: number }

/** Each message has three: sending, sent, delivered. */
const PER_MESSAGE = 3

/** Signed status callbacks, answered once they are on disk; the limit answers them and keeps nothing. */
export async function receiptsLines(options: BenchOptions): Promise<Line[]> {
  const sqlite = options.engine === 'sqlite'
  const receipts = sizeFor(
    options,
    sqlite ? { full: 20_000, quick: 2_000, tiny: 30 } : { full: 6_000, quick: 1_500, tiny: 30 },
  )
  const messages = Math.ceil(receipts / PER_MESSAGE)
  const folder = join(options.folder, `receipts-${options.engine}`)
  mkdirSync(folder, { recursive: true })
  await using server = sqlite ? undefined : await openPostgresServer({ durable: true })
  if (server === null) throw new Error(NO_SERVER)
  const limit = await callBack('bare', { folder, messages })
  const kept = await callBack('program', {
    folder,
    messages,
    ...(server && { databaseUrl: databaseUrl(server.url, 'postgres') }),
  })
  rmSync(folder, { recursive: true })
  if (kept.receipts !== messages * PER_MESSAGE) throw new Error(`${kept.receipts} receipts were merged`)
  return [
    lineOf({
      name: nameOn('receipts', options.engine),
      unit: 'receipts/s',
      value: kept.receipts / kept.seconds,
      limit: kept.receipts / limit.seconds,
      better: 'more',
      reach: { atLeast: 0.4 },
      rssMb: kept.rss_mb,
      note: `${kept.receipts} receipts in ${kept.seconds.toFixed(1)} s; the last of them merged ${kept.later.toFixed(1)} s later`,
    }),
  ]
}

async function callBack(
  what: 'bare' | 'program',
  task: { folder: string; messages: number; databaseUrl?: string },
): Promise<{ seconds: number; later: number; receipts: number; rss_mb: number }> {
  if (what === 'program') await runChild('receipts-child.ts', { what: 'prepare', ...task })
  await using answering = openChild('receipts-child.ts', { what, ...task })
  const { url, attempts } = await answering.next<Ready>()
  const { seconds } = await runChild<Called>('receipts-child.ts', {
    what: 'caller',
    url,
    messages: task.messages,
    attempts,
  })
  answering.tell('all are answered')
  const { seconds: later, receipts, rss_mb } = await answering.next<Merged & { rss_mb: number }>()
  return { seconds, later, receipts, rss_mb }
}
