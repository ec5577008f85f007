import { type App, openApp } from '../src/app.ts'
import type { Clock } from '../src/lib/clock.ts'
import { silentLog } from '../src/lib/events.ts'
import { configOf, secretsIn } from './ground.ts'

export type MailOffice = { folder: string; smtpUrl: string; databaseUrl: string | undefined; clock: Clock }

/** The program in `folder` with a mail server and readers, and no carrier. */
export function openMailOffice({ folder, smtpUrl, databaseUrl, clock }: MailOffice): Promise<App> {
  const config = configOf({ folder, port: 0, databaseUrl })
  return openApp(
    { ...config, digestTo: ['kepala@imigrasi.example'], alarmTo: ['siaga@imigrasi.example'] },
    { ...secretsIn({ folder, databaseUrl }), twilioAuthToken: undefined, smtpUrl },
    { clock, log: silentLog },
  )
}
