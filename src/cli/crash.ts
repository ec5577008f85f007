import { faultText } from '../lib/fault-text.ts'

/**
 * An error that nobody caught, in a promise or elsewhere, ends the program with 1. Node would print its message and the source
 * around it; both can hold a person's data (drizzle's message holds the values of its query), so only its kind and place are told.
 */
export function endOnCrash(): void {
  process.on('uncaughtException', (error) => {
    process.stderr.write(`internal error, the program ends: ${faultText(error)}\n`)
    process.exit(1)
  })
}
