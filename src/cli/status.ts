import type { App } from '../app.ts'
import { openAlarms } from '../db/alarms.ts'
import { pausesNow } from '../deliver/pauses.ts'
import { findSilences } from '../ops/silence-signs.ts'
import { latestSlots } from '../ops/slots.ts'
import { listWorkers } from '../ops/workers.ts'
import {
  attemptCount,
  deliveriesByState,
  openCasesByLevel,
  openFollowUpsByKind,
  residentCount,
  voiceFigures,
} from './counts.ts'
import type { ExitCode, Output } from './output.ts'
import { table } from './output.ts'

/** Beside those that work. */
const GONE_SHOWN = 5

/** `status`: counts, the last duty slots, alarms and pauses. */
export async function statusCommand(app: App, output: Output): Promise<ExitCode> {
  const { read } = app.db
  const now = app.clock.now()
  const slots = await latestSlots(read)
  const workers = await listWorkers(read, { now })
  const residents: Record<string, number> = {}
  for (const { code } of app.offices.all) residents[code] = await residentCount(read, code)
  const result = {
    office: app.office.code,
    today: app.today(),
    residents: sum(Object.values(residents)),
    ...(app.offices.several ? { residents_by_office: residents } : {}),
    deliveries: await deliveriesByState(read),
    attempts: await attemptCount(read),
    voice: await voiceFigures(read),
    overstay_cases: await openCasesByLevel(read),
    follow_ups: await openFollowUpsByKind(read),
    alarms: await openAlarms(read),
    silences: await findSilences({ db: app.db, office: app.office, now }),
    pauses: await pausesNow(read, now),
    slots,
    workers,
  }
  const at = (instant: number | null) => (instant === null ? '–' : timeText(instant, app.office.timeZone))
  output.line(`${app.office.name}, ${result.today}: ${result.residents} residents`)
  if (app.offices.several) output.line(`  offices: ${counts(residents)}`)
  for (const [channel, states] of Object.entries(result.deliveries)) output.line(`  ${channel}: ${counts(states)}`)
  output.line(
    `  voice notes: ${result.voice.notes} (${result.voice.characters} characters) for ${result.voice.reminders} reminders, ` +
      `${result.voice.characters_per_reminder} characters each`,
  )
  output.line(`  overstay cases: ${counts(result.overstay_cases)}`)
  output.line(`  follow-ups: ${counts(result.follow_ups)}`)
  for (const alarm of result.alarms)
    output.line(`  alarm ${alarm.kind}: ${alarm.detail} (${alarm.times} times, last ${at(alarm.last_at)})`)
  for (const { kind, detail } of result.silences) output.line(`  ${kind}: ${detail}`)
  for (const pause of result.pauses) output.line(`  paused ${pause.scope} until ${at(pause.until)}: ${pause.reason}`)
  for (const line of table(
    slots.map((slot) => [
      `  ${slot.duty}`,
      at(slot.planned_at),
      slot.failed ? 'failed' : slot.finished_at ? 'done' : 'running',
    ]),
  ))
    output.line(line)
  for (const worker of workers.filter(({ alive }, index) => alive || index < GONE_SHOWN))
    output.line(`  worker ${worker.name}: ${signOfLife(worker)} ${at(worker.seen_at)}`)
  output.result(result)
  return 0
}

function signOfLife({ alive, stopped_at }: { alive: boolean; stopped_at: number | null }): string {
  if (alive) return 'works, last seen'
  return stopped_at === null ? 'killed or cut off, last seen' : 'stopped'
}

export function counts(of: Record<string, number>): string {
  const parts = Object.entries(of).map(([name, count]) => `${name} ${count}`)
  return parts.length === 0 ? 'none' : parts.join(', ')
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}

function timeText(instant: number, timeZone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(instant)
    .toZonedDateTimeISO(timeZone)
    .toPlainDateTime()
    .toString({ smallestUnit: 'minute' })
    .replace('T', ' ')
}
