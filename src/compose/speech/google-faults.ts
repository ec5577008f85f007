import { messageOf } from '../../lib/errors.ts'
import type { Fault, SpeechFault } from './port.ts'

/** gRPC status codes (https://grpc.io/docs/guides/status-codes/), which Google's REST errors carry too. */
const BY_CODE: Record<number, SpeechFault> = {
  1: 'unavailable', // CANCELLED
  2: 'unavailable', // UNKNOWN
  4: 'deadline', // DEADLINE_EXCEEDED
  5: 'voice', // NOT_FOUND
  7: 'credentials', // PERMISSION_DENIED: also "API not enabled" and "billing disabled"
  8: 'quota', // RESOURCE_EXHAUSTED
  10: 'unavailable', // ABORTED
  13: 'unavailable', // INTERNAL
  14: 'unavailable', // UNAVAILABLE
  16: 'credentials', // UNAUTHENTICATED
}
const INVALID_ARGUMENT = 3

const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH'])

/** What a failed call of Google's client means for us. Without a status the call broke before it was sent. */
export function faultOf(error: unknown): Fault {
  const code = codeOf(error)
  const told = typeof code === 'number' || typeof code === 'string' ? { code } : {}
  return { ok: false, reason: reasonOf(error), message: `Google Text-to-Speech: ${messageOf(error)}`, ...told }
}

function reasonOf(error: unknown): SpeechFault {
  const code = codeOf(error)
  if (code === INVALID_ARGUMENT) return reasonOfInvalid(messageOf(error))
  if (typeof code === 'number') return BY_CODE[code] ?? 'refused'
  // The client fetches an access token first; the only step that fails with neither status nor network error.
  return typeof code === 'string' && NETWORK.has(code) ? 'unavailable' : 'credentials'
}

function reasonOfInvalid(message: string): SpeechFault {
  if (/longer than the limit|too long/i.test(message)) return 'too-long'
  if (/\bssml\b/i.test(message)) return 'refused'
  return /voice/i.test(message) ? 'voice' : 'refused'
}

function codeOf(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined
  const own = 'code' in error ? error.code : undefined
  return own ?? codeOf(error.cause)
}
