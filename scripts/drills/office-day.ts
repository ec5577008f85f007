import { addDays, civilDate, instantOf } from '../../src/lib/civil-date.ts'
import { SCHEDULE } from '../../src/ops/duties.ts'
import { newestSlot } from '../../src/ops/slot-times.ts'
import type { TranscriptEntry } from '../../src/sandbox/transcript.ts'
import { TIME_ZONE } from '../../test/ground.ts'
import { openWorld, type Row } from '../../test/world.ts'

const DAYS = 2
const NATIONS = ['DE', 'JP', 'MY', 'KR', 'US', 'PK']

/** What an office sends on a day and the next, and when its duties fall due: one line each. The zone of the host must not show in it. */
async function officeDays(first: string): Promise<string[]> {
  await using world = await openWorld({
    today: first,
    people: (number) =>
      number.endsWith('3') ? { answers: 'no-answer', sms: 'delivered' } : { answers: 'human', presses: ['1'] },
  })
  const rows = NATIONS.map((nationality, index): Row => {
    const left = [14, 7, 3, 1, 15, -1][index]!
    return {
      register_no: `R${index}`,
      full_name: `Resident ${'ABCDEF'[index]}`,
      nationality,
      passport_no: `C000000${index}`,
      phone: `+62812000000${index}`,
      permit_no: `P${index}`,
      permit_kind: 'ITK',
      expires_on: addDays(civilDate(first), left),
    }
  })
  const lines: string[] = []
  for (let day = 0; day < DAYS; day++) {
    const date = addDays(civilDate(first), day)
    world.at(date, '05:30')
    await world.register(rows)
    await world.day(date)
    for (const { name, cron } of SCHEDULE) {
      const slots = ['00:00', '06:02', '12:34', '23:59'].map((time) =>
        newestSlot(cron, TIME_ZONE, instantOf(date, time, TIME_ZONE)),
      )
      lines.push(`${date} ${name} ${slots.map(timeText).join(' ')}`)
    }
  }
  return [...lines, ...world.sandbox.transcript().map(told)]
}

/** The link differs in each office, by its key. */
function told({ at, kind, to, body, heard, status }: TranscriptEntry): string {
  const words = body?.replaceAll(/\/n\/[\w-]+/g, '/n/…').replaceAll(/127\.0\.0\.1:\d+/g, 'office')
  const sounds = heard.map(({ what, lastsMs }) => `${what} ${lastsMs}`).join(', ')
  return `${timeText(at)} ${kind} ${to} ${status} ${words ?? sounds}`
}

function timeText(instant: number | null): string {
  return instant === null ? '-' : Temporal.Instant.fromEpochMilliseconds(instant).toString({ smallestUnit: 'second' })
}

process.stdout.write(`${(await officeDays(process.argv[2]!)).join('\n')}\n`)
