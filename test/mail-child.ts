import { mailDuties } from '../src/cli/mail-duties.ts'
import { openMailOffice } from './mail-office.ts'

/** A process that sends the digest of the slot at `now`, to be killed in the middle of it. */
const [folder = '', smtpUrl = '', now = '', databaseUrl] = process.argv.slice(2)
await using app = await openMailOffice({ folder, smtpUrl, databaseUrl, clock: { now: () => Number(now) } })
await mailDuties(app).digest(Number(now))
