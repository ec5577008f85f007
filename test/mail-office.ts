import { type App, openApp } from '../src/app.ts'
import type { Clock } from '../src/lib/clock.ts'
import { silentLog } from '../src/lib/events.ts'
import { configOf, keysIn } from './world.ts'

export type MailOffice = { folder: string; smtpUrl: string; databaseUrl: string | undefined; clock: Clock }

/** The program in `folder` with a mail server and readers, and no carrier. */
export function openMailOffice({ folder, smtpUrl, databaseUrl, clock }: MailOffice): Promise<App> {
  const config = configOf({ folder, port: 0, sandboxUrl: 'http://127.0.0.1:1', databaseUrl })
  return openApp(
    { ...config, digestTo: ['kepala@imigrasi.example'], alarmTo: ['siaga@imigrasi.example'] },
    { keys: keysIn(folder), databaseUrl, twilioAuthToken: undefined, smtpUrl, heartbeatUrl: undefined },
    { clock, log: silentLog },
  )
}
