import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { type App, openApp } from '../../src/app.ts'
import { addDays, type CivilDate, instantOf } from '../../src/lib/civil-date.ts'
import { SteppedClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/events.ts'
import { writeSampleCsv } from '../../src/register/sample.ts'
import { configOf, secretsIn, TIME_ZONE, withoutRates } from '../../test/ground.ts'
import { silentSpeech } from '../../test/silent-speech.ts'

export type Place = { folder: string; today: CivilDate; databaseUrl?: string | undefined }

const KNOWN_FOR_DAYS = 65
const SCANNED_DAYS_AGO = [40, 30, 20, 14, 10, 7, 5, 3, 2, 1, 0]

/** The whole program at ten o'clock on `today`, which nobody calls and which calls nobody. */
export function openOffice({ folder, today, databaseUrl }: Place): Promise<App & { clock: SteppedClock }> {
  const clock = new SteppedClock(instantOf(today, '10:00', TIME_ZONE))
  const config = configOf({ folder, port: 1, databaseUrl })
  const secrets = secretsIn({ folder, databaseUrl })
  const opened = openApp({ ...config, trustedProxies: ['127.0.0.1'] }, secrets, {
    clock,
    log: silentLog,
    office: withoutRates,
    speech: [silentSpeech()],
  })
  return opened.then((app) => Object.assign(app, { clock }))
}

/** Some weeks at the office up to `today`: the sample's register came in, and what each scan found was sent, and most of it came. */
export async function liveWeeks(place: Place, { residents, seed }: { residents: number; seed: number }): Promise<void> {
  await using app = await openOffice(place)
  const { clock } = app
  const { today, folder } = place
  const file = join(folder, 'register.csv')
  writeSampleCsv(file, { today, residents, seed })
  clock.set(instantOf(addDays(today, -KNOWN_FOR_DAYS), '08:30', TIME_ZONE))
  const { state } = await app.importFile({ file })
  if (state !== 'applied') throw new Error(`the sample's import was ${state}`)
  for (const ago of SCANNED_DAYS_AGO) {
    const date = addDays(today, -ago)
    clock.set(instantOf(date, '06:00', TIME_ZONE))
    await app.scan()
    await app.overstay()
    await sendAll(app, instantOf(date, '09:00', TIME_ZONE))
    clock.set(instantOf(date, '09:30', TIME_ZONE))
    await app.attend()
  }
}

async function sendAll({ db }: App, now: number): Promise<void> {
  await db.write(async (tx) => {
    await tx.run(sql`insert into attempts (delivery_id, number, channel, worker, started_at, finished_at, outcome, sid, error_code, lookups)
      select id, 1, channel, 'bench', ${now}, ${now}, 'accepted', 'SM' || id, case when id % 23 = 0 then 30005 when id % 11 = 0 then 30003 end, 0
      from deliveries where state = 'queued'`)
    await tx.run(sql`update deliveries set attempts = 1, state_since = ${now}, sid = 'SM' || id,
      state = case when id % 23 = 0 or id % 11 = 0 then 'exhausted' when id % 7 = 0 then 'sent' else 'delivered' end
      where state = 'queued'`)
  })
}
