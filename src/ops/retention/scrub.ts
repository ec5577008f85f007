import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { AppError } from '../../lib/errors.ts'
import type { ScrubReply } from './scrub-worker.ts'

const WORKER_FILE = new URL('./scrub-worker.ts', import.meta.url)

/**
 * Leaves nothing of what was erased in the SQLite file, its free pages or its log. Erased cells are overwritten at once
 * (`secure_delete`), but what moved from page to page before may have left a copy in the gaps: only a rewritten file has none.
 * Needs room for a second copy; writes wait meanwhile.
 * @throws AppError `unavailable` while others do not let go of the file, or without room: what was erased is gone from its
 * tables all the same
 */
export async function scrub(file: string): Promise<void> {
  // The options of the process (--eval and its kin) would otherwise reach the thread and fail it.
  const worker = new Worker(WORKER_FILE, { name: 'scrub', execArgv: [] })
  try {
    worker.postMessage(file)
    const [reply] = (await once(worker, 'message')) as [ScrubReply]
    if (!reply.ok)
      throw new AppError('unavailable', `traces of what was erased are still in the database file: ${reply.message}`)
  } finally {
    await worker.terminate()
  }
}
