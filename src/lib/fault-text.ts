import { AppError } from './errors.ts'

/**
 * What a slot, an alarm or a log may say about anything thrown. Only an AppError's own words: the message of any other
 * error can hold personal data (drizzle's holds the values of the query), so it is named by kind, code and place.
 */
export function faultText(error: unknown): string {
  if (error instanceof AppError) return error.message
  if (!(error instanceof Error)) return `a thrown ${typeof error}`
  const place = /\bsrc\/[\w./-]+\.ts:\d+/.exec(error.stack?.slice(error.stack.indexOf('\n    at ')) ?? '')?.[0]
  return `${kinds(error).join(', because of ')}${place ? ` at ${place}` : ''}`
}

function kinds(error: Error): string[] {
  const kinds: string[] = []
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code } = at as Error & { code?: unknown }
    kinds.push(typeof code === 'string' ? `${at.constructor.name} ${code}` : at.constructor.name)
  }
  return kinds
}
