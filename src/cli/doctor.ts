import { sql } from 'drizzle-orm'
import type { App } from '../app.ts'
import { googleSpeech } from '../compose/speech/google.ts'
import { twilioCarrier } from '../deliver/twilio/adapter.ts'
import { holidayListAlarm } from '../scan/working-days.ts'
import { type ExitCode, type Output, table } from './output.ts'

/** One thing looked at: in order, or one sentence on what to mend. */
export type Finding = { check: string; ok: boolean; mend: string | null }

/** `doctor`: looks at what the program stands on and says what to mend. Ends with 1 when something is. */
export async function doctorCommand(app: App, output: Output): Promise<ExitCode> {
  const findings = [
    ...(await databaseFindings(app)),
    ...officeFindings(app),
    ...(await voiceFindings(app)),
    ...(await carrierFindings(app)),
  ]
  for (const line of table(findings.map(({ check, ok, mend }) => [ok ? 'ok' : 'MEND', check, mend ?? ''])))
    output.line(line)
  const ok = findings.every((finding) => finding.ok)
  output.line(ok ? 'all is well' : `${findings.filter((finding) => !finding.ok).length} to mend`)
  output.result({ ok, findings })
  return ok ? 0 : 1
}

async function databaseFindings({ db }: App): Promise<Finding[]> {
  const [row] = await db.read.all<{ integrity_check: string }>(sql`pragma integrity_check(1)`)
  const sound = row?.integrity_check === 'ok'
  return [finding('database', sound, 'the database file is damaged: stop, and restore the newest backup')]
}

function officeFindings(app: App): Finding[] {
  const { office } = app
  const year = holidayListAlarm(office, app.today())
  return [
    finding(
      'office file',
      office.unverified.length === 0,
      `nobody has checked ${office.unverified.join(', ')} in OFFICE_FILE: correct them and take them off the list "unverified"`,
    ),
    finding(
      'holidays',
      year === null,
      `enter the holidays and joint leave of ${year} in OFFICE_FILE and set confirmed: true`,
    ),
  ]
}

/** Google may speak with another voice than the one asked for, so every pinned name must be one that it lists. */
async function voiceFindings({ config, templates }: App): Promise<Finding[]> {
  if (config.speech !== 'google') return [finding('voices', true, '')]
  await using google = googleSpeech({
    ...(config.googleEndpoint ? { endpoint: config.googleEndpoint } : {}),
    ...(config.googleCredentialsFile ? { credentialsFile: config.googleCredentialsFile } : {}),
  })
  const listed = await google.listVoices()
  if (!listed.ok)
    return [finding('voices', false, `Google Text-to-Speech does not answer (${listed.reason}): ${listed.message}`)]
  const known = new Set(listed.voices.map((voice) => voice.name))
  const missing = [...templates.values()].flatMap(({ language, voices }) =>
    voices.google && !known.has(voices.google.name) ? [`${voices.google.name} in templates/${language}.yaml`] : [],
  )
  return [finding('voices', missing.length === 0, `Google lists no such voice: ${missing.join(', ')}`)]
}

async function carrierFindings({ config, secrets, log }: App): Promise<Finding[]> {
  const { accountSid } = config.twilio
  const { twilioAuthToken: authToken } = secrets
  if (!accountSid || !authToken) return [finding('carrier', false, 'set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN')]
  await using carrier = twilioCarrier({ ...config.twilio, accountSid, authToken }, log)
  const probe = await carrier.probe()
  const code = probe.ok ? '' : ` (${probe.fault.code ?? probe.fault.httpStatus ?? 'no answer'})`
  return [
    finding(
      'carrier',
      probe.ok,
      `Twilio refuses a harmless request${code}: check TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and the account`,
    ),
  ]
}

function finding(check: string, ok: boolean, mend: string): Finding {
  return { check, ok, mend: ok ? null : mend }
}
