import { fault, type Trouble } from './finding.ts'

export type Platform = { node: string; wantedMajor: number; timeZone: string; locales: readonly string[] }

export function judgeNode({ node, wantedMajor }: Pick<Platform, 'node' | 'wantedMajor'>): Trouble[] {
  if (Number(node.split('.')[0]) >= wantedMajor) return []
  return [
    fault(
      `This is Node ${node}; ${wantedMajor} or newer is needed.`,
      'Run npm ci and start by scripts/tenggat, which brings its own.',
    ),
  ]
}

/** Whether this machine's Node knows the office's time zone and can write dates in every language of the templates. */
export function judgeTimeData({ timeZone, locales }: Pick<Platform, 'timeZone' | 'locales'>, now: number): Trouble[] {
  const mend = 'Use the Node that npm ci brings (scripts/tenggat does), which has all of them, and unset NODE_ICU_DATA.'
  const missing = locales.filter((locale) => Intl.DateTimeFormat.supportedLocalesOf(locale).length === 0)
  const troubles: Trouble[] = []
  if (!knowsZone(timeZone, now)) troubles.push(fault(`This Node does not know the time zone ${timeZone}.`, mend))
  if (missing.length > 0) troubles.push(fault(`This Node cannot write dates in: ${missing.join(', ')}.`, mend))
  return troubles
}

function knowsZone(timeZone: string, now: number): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone)
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
