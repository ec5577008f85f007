import { faultText } from '../../lib/fault-text.ts'

/** `warn` does not stop the work today; `fault` does, or hides that it stopped. */
export type Level = 'ok' | 'warn' | 'fault'

/** One thing looked at. `wrong` and `mend` are a sentence each for the operator, null when all is in order. */
export type Finding = { check: string; level: Level; wrong: string | null; mend: string | null }

/** `look` gives what is wrong; nothing, when all is in order. */
export type Check = { name: string; look: () => Promise<Trouble[]>; withinMs?: number }

export type Trouble = { level: 'warn' | 'fault'; wrong: string; mend: string }

const WITHIN_MS = 20_000

export function fault(wrong: string, mend: string): Trouble {
  return { level: 'fault', wrong, mend }
}

export function warn(wrong: string, mend: string): Trouble {
  return { level: 'warn', wrong, mend }
}

/** All checks side by side, in the order of the table. None can hold up the others: one that takes too long is a finding. */
export async function examine(checks: readonly Check[]): Promise<Finding[]> {
  return (await Promise.all(checks.map(examineOne))).flat()
}

async function examineOne({ name, look, withinMs = WITHIN_MS }: Check): Promise<Finding[]> {
  const late = Promise.withResolvers<Trouble[]>()
  const timer = setTimeout(() => {
    const wrong = `This check did not come to an end within ${withinMs / 1_000} seconds.`
    late.resolve([
      fault(wrong, 'Look whether this machine, its disk or its network is overloaded, and run doctor again.'),
    ])
  }, withinMs)
  try {
    return findingsOf(name, await Promise.race([look(), late.promise]))
  } catch (error) {
    const wrong = `This check could not be made: ${faultText(error)}.`
    return findingsOf(name, [fault(wrong, 'Mend what the other lines name first; if there is none, report this one.')])
  } finally {
    clearTimeout(timer)
  }
}

export function findingsOf(check: string, troubles: readonly Trouble[]): Finding[] {
  if (troubles.length === 0) return [{ check, level: 'ok', wrong: null, mend: null }]
  return troubles.map((trouble) => ({ check, ...trouble }))
}

/** What an error says, as a sentence. */
export function sentence(text: string): string {
  const trimmed = text.trim()
  return `${trimmed.slice(0, 1).toUpperCase()}${trimmed.slice(1)}${trimmed.endsWith('.') ? '' : '.'}`
}
