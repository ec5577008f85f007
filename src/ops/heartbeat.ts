import { request } from 'undici'
import type { Log } from '../lib/events.ts'
import { faultText } from '../lib/fault-text.ts'

const TIMEOUT_MS = 10_000

/**
 * Tells a watcher outside that the work was done: it raises the alarm when this call stays away. A failure is logged and
 * nothing more. Only the host is ever logged: whoever knows the whole address can pretend that we are alive.
 */
export async function sendHeartbeat({
  url,
  log,
  timeoutMs = TIMEOUT_MS,
}: {
  url: string
  log: Log
  timeoutMs?: number
}): Promise<'sent' | 'failed'> {
  const host = URL.parse(url)?.host ?? 'not an address'
  try {
    const { statusCode, body } = await request(url, { signal: AbortSignal.timeout(timeoutMs) })
    await body.dump()
    if (statusCode < 300) return 'sent'
    log.warn({ host, status: statusCode }, 'heartbeat refused')
  } catch (error) {
    log.warn({ host, fault: faultText(error) }, 'heartbeat failed')
  }
  return 'failed'
}
