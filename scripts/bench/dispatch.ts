import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { databaseUrl, NO_SERVER, openPostgresServer } from '../../test/postgres-server.ts'
import { openChild, runChild } from './child.ts'
import { type BenchOptions, type Line, lineOf, nameOn, sizeFor } from './line.ts'

/** As many as the carrier is asked at once, by the program and by the bare client. */
const PARALLEL = 50

export type Sent = { seconds: number; messages: number }

/** Messages through the carrier's own client to the sandbox, to the last receipt. */
export async function dispatchLines(options: BenchOptions): Promise<Line[]> {
  const sqlite = options.engine === 'sqlite'
  const messages = sizeFor(
    options,
    sqlite ? { full: 20_000, quick: 1_000, tiny: 20 } : { full: 5_000, quick: 1_000, tiny: 20 },
  )
  const folder = join(options.folder, `dispatch-${options.engine}`)
  mkdirSync(folder, { recursive: true })
  const limit = await talk('bare', { folder, messages })
  await using server = sqlite ? undefined : await openPostgresServer({ durable: true })
  if (server === null) throw new Error(NO_SERVER)
  const sent = await talk('program', {
    folder,
    messages,
    ...(server && { databaseUrl: databaseUrl(server.url, 'postgres') }),
  })
  rmSync(folder, { recursive: true })
  return [
    lineOf({
      name: nameOn('dispatch', options.engine),
      unit: 'messages/s',
      value: messages / sent.seconds,
      limit: messages / limit.seconds,
      better: 'more',
      reach: { atLeast: 0.35 },
      rssMb: sent.rss_mb,
      note: `${messages} SMS and ${3 * messages} receipts in ${sent.seconds.toFixed(1)} s, ${PARALLEL} at once`,
    }),
  ]
}

async function talk(
  what: 'bare' | 'program',
  task: { folder: string; messages: number; databaseUrl?: string },
): Promise<Sent & { rss_mb: number }> {
  await using sandbox = openChild('sandbox-child.ts', {})
  const { url } = await sandbox.next<{ url: string }>()
  const whole = { ...task, carrierUrl: url, parallel: PARALLEL, receipts: true }
  if (what === 'program') await runChild('dispatch-child.ts', { what: 'prepare', ...whole })
  return await runChild<Sent>('dispatch-child.ts', { what, ...whole })
}
