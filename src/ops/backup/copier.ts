import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { AppError } from '../../lib/errors.ts'
import type { Inspected, Reply, Request } from './copier-worker.ts'

export type { Inspected } from './copier-worker.ts'

const WORKER_FILE = new URL('./copier-worker.ts', import.meta.url)

/** A copy of the running database as it was at one moment; `to` is empty or not there. */
export async function snapshot(paths: { from: string; to: string }): Promise<void> {
  await ask({ kind: 'snapshot', ...paths })
}

/** Integrity, rows and migrations of a database file that nobody else has open. Throws AppError `invalid` where it is no database. */
export async function inspect(file: string): Promise<Inspected> {
  const inspected = await ask({ kind: 'inspect', file })
  if (!inspected) throw new Error('the copier answered another question')
  return inspected
}

async function ask(request: Request): Promise<Inspected | null> {
  // The options of the process (--eval and its kin) would otherwise reach the thread and fail it.
  const worker = new Worker(WORKER_FILE, { name: 'backup', execArgv: [] })
  try {
    worker.postMessage(request)
    const [reply] = (await once(worker, 'message')) as [Reply]
    if (reply.ok) return reply.inspected
    const code = reply.code === 'SQLITE_NOTADB' || reply.code === 'SQLITE_CORRUPT' ? 'invalid' : 'unavailable'
    throw new AppError(
      code,
      `the database cannot be ${request.kind === 'inspect' ? 'read' : 'copied'}: ${reply.message}`,
    )
  } finally {
    await worker.terminate()
  }
}
