import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { googleSpeech } from '../compose/speech/google.ts'
import type { Environment } from '../config.ts'
import { verifyAudit } from '../console/audit.ts'
import type { Carrier } from '../deliver/carrier.ts'
import { twilioCarrier } from '../deliver/twilio/adapter.ts'
import { dateAt, timeAt } from '../lib/civil-date.ts'
import type { Clock } from '../lib/clock.ts'
import { silentLog } from '../lib/events.ts'
import { parseSmtpUrl } from '../lib/smtp-url.ts'
import { backupsFolder } from '../ops/backup/files.ts'
import { judgeAudit, QUICK_AUDIT } from '../ops/doctor/audit.ts'
import { judgeBackups, lookAtBackups } from '../ops/doctor/backups.ts'
import { judgeCarrier, judgeClock, judgeSenders } from '../ops/doctor/carrier.ts'
import { judgeDuties, judgeLife, lookAtDuties, lookAtLife } from '../ops/doctor/daemon.ts'
import { judgeSpace, lookAtSpace, SPACE_LIMITS, type SpaceLimits } from '../ops/doctor/disk.ts'
import { type Check, examine, type Finding } from '../ops/doctor/finding.ts'
import { judgeKeyFile, lookAtKeyFile } from '../ops/doctor/key-file.ts'
import { greetMailServer, judgeHeartbeat, judgeMail } from '../ops/doctor/mail.ts'
import { judgeHolidays, judgeOffice } from '../ops/doctor/office.ts'
import { judgeNode, judgeTimeData } from '../ops/doctor/platform.ts'
import { judgePublicPage, lookAtPublicPage } from '../ops/doctor/public-page.ts'
import { judgeVoices } from '../ops/doctor/voices.ts'
import { judgeWebhooks, lookAtWebhooks } from '../ops/doctor/webhooks.ts'
import { SCHEDULE } from '../ops/duties.ts'
import { lockHolder } from '../ops/lock.ts'
import { type Ground, openGround } from './doctor-ground.ts'

export type Doctoring = {
  env: Environment
  clock: Clock
  space?: SpaceLimits
  /** Further certificates to believe at the public address, as PEM. */
  ca?: string
}

const CARRIER_MS = 10_000
const BACKUP_MS = 120_000
const NODE_MAJOR = 26
const FALLBACK_ZONE = 'Asia/Jakarta'

/** Everything that can be looked at from here, in order. What stands on something faulty is left out. */
export async function examineAll(doctoring: Doctoring): Promise<Finding[]> {
  await using ground = await openGround(doctoring.env)
  await using stack = new AsyncDisposableStack()
  const running = await lookWhetherRunning(ground, doctoring.clock)
  const checks = [
    ...officeChecks(ground, doctoring),
    ...machineChecks(ground, doctoring),
    ...daemonChecks(ground, doctoring, running),
    ...outsideChecks(ground, doctoring, { running, carrier: openCarrier(ground, doctoring, stack) }),
  ]
  return [...ground.findings, ...(await examine(checks))]
}

function officeChecks({ office, further, templates }: Ground, { clock }: Doctoring): Check[] {
  if (!office) return []
  const locales = templates ? [...templates.keys()] : []
  return [
    { name: 'office entries', look: async () => judgeOffice(office) },
    ...further.map((one) => ({
      name: `office entries ${one.code}`,
      look: async () => judgeOffice(one, `offices/${one.code}/office.yaml`),
    })),
    { name: 'holidays', look: async () => judgeHolidays(office, dateAt(clock.now(), office.timeZone)) },
    {
      name: 'time zone data',
      look: async () => judgeTimeData({ timeZone: office.timeZone, locales }, clock.now()),
    },
  ]
}

function machineChecks({ config, secrets, db, office }: Ground, { clock, space = SPACE_LIMITS }: Doctoring): Check[] {
  const { dataDir, databaseFile, secretKeyFile } = config
  const folders = { dataDir, backupDir: backupsFolder(dataDir) }
  const keyFile = lookAtKeyFile(secretKeyFile, folders)
  return [
    { name: 'node', look: async () => judgeNode({ node: process.versions.node, wantedMajor: NODE_MAJOR }) },
    {
      name: 'disk',
      look: async () => {
        const spaces = [dataDir, ...(databaseFile === undefined ? [] : [join(databaseFile, '..')])]
        return judgeSpace(await Promise.all(spaces.map(lookAtSpace)), space)
      },
    },
    ...(keyFile ? [{ name: 'key file', look: async () => judgeKeyFile(keyFile, folders) }] : []),
    ...(office && databaseFile !== undefined
      ? [
          {
            name: 'backups',
            withinMs: BACKUP_MS,
            look: async () => {
              const { keys: keyLines, backupPassphrase: passphrase } = secrets
              const files = { folder: folders.backupDir, keyFile: secretKeyFile }
              const seen = { ...files, officeCode: office.code, keyLines, passphrase }
              const anythingToKeep = db !== null && (await db.read.$count(db.t.residents)) > 0
              return judgeBackups(await lookAtBackups(seen), { now: clock.now(), at: clockIn(office), anythingToKeep })
            },
          },
        ]
      : []),
  ]
}

type Running = Awaited<ReturnType<typeof lookWhetherRunning>>

async function lookWhetherRunning({ config, db }: Ground, clock: Clock) {
  const holder = config.databaseFile === undefined ? null : lockHolder(config.dataDir)
  const life = db && (await lookAtLife(db.read, { now: clock.now(), holder }))
  return { life, daemonRuns: holder !== null || life?.anyAlive === true }
}

function daemonChecks({ db, office }: Ground, { clock }: Doctoring, { life }: Running): Check[] {
  if (!db || !life) return []
  const about = { now: clock.now(), at: clockIn(office) }
  const names = SCHEDULE.map(({ name }) => name)
  return [
    { name: 'daemon', look: async () => judgeLife(life, about.at) },
    { name: 'duties', look: async () => judgeDuties(await lookAtDuties(db.read, names), about) },
    { name: 'audit', look: async () => judgeAudit(await verifyAudit(db.read, { last: QUICK_AUDIT })) },
    { name: 'webhooks', look: async () => judgeWebhooks(await lookAtWebhooks(db.read), about) },
  ]
}

function outsideChecks(
  ground: Ground,
  { clock, ca }: Doctoring,
  { running: { daemonRuns }, carrier }: { running: Running; carrier: Carrier | null },
): Check[] {
  const { config, secrets, vault, templates } = ground
  const { publicBaseUrl } = config
  const mailServer = secrets.smtpUrl === undefined ? null : parseSmtpUrl(secrets.smtpUrl)
  return [
    ...(carrier ? carrierChecks(ground, carrier) : []),
    ...(templates && config.speech === 'google'
      ? [{ name: 'voices', look: async () => judgeVoices(await listVoices(ground), templates) }]
      : []),
    ...(vault && publicBaseUrl !== undefined
      ? [
          {
            name: 'public address',
            look: async () => {
              const challenge = randomBytes(16).toString('base64url')
              const page = await lookAtPublicPage({ publicBaseUrl, vault, challenge, ca })
              return judgePublicPage(page, { publicBaseUrl, now: clock.now(), daemonRuns })
            },
          },
        ]
      : []),
    ...(secrets.smtpUrl === undefined || mailServer
      ? [{ name: 'mail', look: async () => judgeMail(mailServer && (await greetMailServer(mailServer)), config) }]
      : []),
    { name: 'heartbeat', look: async () => judgeHeartbeat(secrets.heartbeatUrl !== undefined) },
  ]
}

/** One harmless request serves them all: whether it is taken, and the time that came with it. */
function carrierChecks({ config, office }: Ground, carrier: Carrier): Check[] {
  const { twilio } = config
  const probe = carrier.probe()
  const senders = {
    sms: twilio.smsFrom,
    messagingService: twilio.messagingServiceSid,
    call: twilio.callFrom,
    whatsapp: twilio.whatsappFrom,
  }
  return [
    { name: 'carrier', look: async () => judgeCarrier(await probe) },
    {
      name: 'clock',
      look: async () => {
        const answer = await probe
        return answer.ok ? judgeClock(answer.value) : []
      },
    },
    ...(office
      ? [
          {
            name: 'senders',
            look: async () => {
              const asks = (await probe).ok && senders.call !== undefined
              return judgeSenders(senders, office.senders, asks ? await carrier.owns(senders.call!) : null)
            },
          },
        ]
      : []),
  ]
}

function openCarrier({ config, secrets }: Ground, { clock }: Doctoring, stack: AsyncDisposableStack): Carrier | null {
  const { accountSid } = config.twilio
  const { twilioAuthToken: authToken } = secrets
  if (!accountSid || !authToken) return null
  const settings = { ...config.twilio, accountSid, authToken, now: () => clock.now(), timeoutMs: CARRIER_MS }
  return stack.use(twilioCarrier(settings, silentLog))
}

async function listVoices({ config }: Ground) {
  await using google = googleSpeech({
    ...(config.googleEndpoint ? { endpoint: config.googleEndpoint } : {}),
    ...(config.googleCredentialsFile ? { credentialsFile: config.googleCredentialsFile } : {}),
  })
  return await google.listVoices()
}

function clockIn(office: Ground['office']): (instant: number) => string {
  const zone = office?.timeZone ?? FALLBACK_ZONE
  return (instant) => `${dateAt(instant, zone)} ${timeAt(instant, zone)}`
}
