import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { inArray } from 'drizzle-orm'
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js'
import type { App } from '../../src/app.ts'
import { openOutput } from '../../src/cli/output.ts'
import { silentLog } from '../../src/lib/events.ts'
import { freePort } from '../../src/lib/free-port.ts'
import { readTranscript } from '../../src/sandbox/journal.ts'
import { ACCOUNT_SID, AUTH_TOKEN } from '../../test/world.ts'
import { openGround, STARTS_AT } from '../chaos/ground.ts'
import { peopleOf, residentRows, standingFaults } from '../chaos/people.ts'
import { startSandbox, transcriptIn } from '../chaos/processes.ts'
import { importRows } from '../chaos/storm.ts'
import { verdictOn } from '../chaos/verdict.ts'
import { pause, until } from '../chaos/wait.ts'
import { type DrillDaemon, startDrillDaemon } from './daemon-process.ts'
import { finish } from './finish.ts'
import { canMakeDisks, emptyDisk, fillDisk, onSmallDisk } from './small-disk.ts'

const USAGE = `node scripts/drills/full-disk.ts [--residents N] [--seconds N] [--seed N] [--megabytes N] [--disk DIR] [--json]

Lets the daemon tell everybody from a small disk, which is filled to the last byte twice, for so many seconds: when the first
voice note is being written, and when half of the messages are out. Then there is space again, and the daemon, which nobody
has touched, must finish. The disk is one of memory in a name space of its own, or an empty folder DIR on a disk of yours.
Exits 0 when nobody was told twice, never told or wrongly marked, and the daemon lived, said what was wrong, raised the alarm
and kept quiet; 2 where no small disk can be made.
`

type Pinch = {
  /** Messages out when the disk was full. */
  sms_out: number
  notes: number
  /** Of one processor. */
  cpu_share: number
  readyz: string
  webhook: number
  lines: number
}

async function main(argv: string[]): Promise<0 | 1 | 2> {
  const { values } = parseArgs({
    args: argv,
    options: {
      residents: { type: 'string', default: '2000' },
      seconds: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      megabytes: { type: 'string', default: '64' },
      disk: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  if (values.disk === undefined) return onADiskOfItsOwn(argv, Number(values.megabytes))

  const output = openOutput(values.json)
  const options = { residents: Number(values.residents), seconds: Number(values.seconds), seed: Number(values.seed) }
  const result = await drill(values.disk, options, (line) => output.line(line))
  for (const [name, value] of Object.entries(result))
    output.line(`${name.replaceAll('_', ' ').padEnd(18)}${typeof value === 'object' ? JSON.stringify(value) : value}`)
  output.result(result)
  return isClean(result) ? 0 : 1
}

function onADiskOfItsOwn(argv: string[], megabytes: number): 0 | 1 | 2 {
  if (!canMakeDisks()) {
    process.stderr.write('no small disk can be made here (unshare, mount); name a folder on one with --disk DIR\n')
    return 2
  }
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-full-'))
  try {
    const command = [process.execPath, import.meta.filename, ...argv, '--disk', folder]
    return spawnSync('unshare', onSmallDisk(folder, megabytes, command), { stdio: 'inherit' }).status === 0 ? 0 : 1
  } finally {
    rmSync(folder, { recursive: true })
  }
}

type Result = Awaited<ReturnType<typeof drill>>

async function drill(
  disk: string,
  { residents, seconds, seed }: { residents: number; seconds: number; seed: number },
  tell: (line: string) => void,
) {
  await using stack = new AsyncDisposableStack()
  const beside = mkdtempSync(join(tmpdir(), 'tenggat-beside-'))
  stack.defer(() => rmSync(beside, { recursive: true }))
  // The carrier and the children's standard error have disks of their own.
  mkdirSync(join(beside, 'cache'))
  for (const name of ['transcript.jsonl', 'daemon.log', 'cache']) symlinkSync(join(beside, name), join(disk, name))
  const rows = residentRows(residents)
  const sandbox = stack.use(await startSandbox({ folder: disk, seed, clockStart: STARTS_AT }))
  await sandbox.people(peopleOf(rows))
  await sandbox.faults(standingFaults(rows))
  const ground = {
    folder: disk,
    port: await freePort(),
    sandboxUrl: sandbox.url,
    perSecond: Math.max(10, Math.ceil(residents / 50)),
  }
  const begun = performance.now()
  const now = () => Math.floor(STARTS_AT + performance.now() - begun)
  const app = stack.use(await openGround(ground, { clock: { now }, log: silentLog }))
  await importRows(app, ground, rows)
  const messages = async () => (await readTranscript(transcriptIn(disk))).filter(({ kind }) => kind === 'sms').length

  const daemon = stack.use(startDrillDaemon({ ...ground, startsAt: now() }))
  await daemon.consoleUrl()
  const audio = join(disk, 'audio')
  await until(async () => readdirSync(audio).length > 0, 60_000)
  const whileSpeaking = await pinch({ disk, app, daemon, seconds, smsOut: await messages() })
  tell(`full while speaking: ${JSON.stringify(whileSpeaking)}`)
  await until(async () => (await messages()) >= residents * 0.45, 300_000)
  const whileSending = await pinch({ disk, app, daemon, seconds, smsOut: await messages() })
  tell(`full while sending: ${JSON.stringify(whileSending)}`)

  const freed = performance.now()
  await until(async () => {
    if (!daemon.alive()) throw new Error(`the daemon ended by itself: ${daemon.errors()}`)
    return isThrough(app, now())
  }, 300_000)
  const throughAfter = Math.round(performance.now() - freed)
  const webhookAfter = await ring(daemon, 'SMafter')
  const alarms = await app.db.read.select().from(app.db.t.alarms)
  const stillAlive = daemon.alive() && daemon.errors() === ''
  const exitCode = await daemon.stop()
  await sandbox.stop()
  const { found } = await finish(disk, { rows, seed })
  const verdict = await verdictOn(disk)
  return {
    residents,
    told_once: verdict.told_once,
    told_twice: verdict.told_twice,
    never_told: verdict.never_told,
    wrongly_marked: verdict.wrongly_marked,
    still_alive: stillAlive,
    exit_code: exitCode,
    alarm_seen: alarms.some(({ kind, detail }) => kind === 'disk' && detail.includes('is full; nothing could be written')),
    alarms: alarms.map(({ kind, detail, times }) => `${kind} (${times}): ${detail}`),
    log_clear: daemon.log.some(({ fault }) => typeof fault === 'string' && fault.endsWith('is full')),
    webhook_after: webhookAfter,
    through_after_ms: throughAfter,
    found_at_carrier: found,
    half_files: await halfFiles(app, audio),
    pinches: [whileSpeaking, whileSending],
  }
}

/** Nobody is left whose time has come. A call that waits for another one to the same phone is not due. */
async function isThrough({ db }: App, now: number): Promise<boolean> {
  const { deliveries } = db.t
  const open = await db.read
    .select({
      state: deliveries.state,
      channel: deliveries.channel,
      at: deliveries.not_before,
      phone: deliveries.phone_index,
    })
    .from(deliveries)
    .where(inArray(deliveries.state, ['queued', 'sending', 'uncertain', 'accepted', 'sent']))
  const live = new Set(open.filter((row) => row.channel === 'call' && row.state !== 'queued').map((row) => row.phone))
  return !open.some(
    (row) =>
      row.state === 'sending' ||
      row.state === 'uncertain' ||
      (row.state === 'queued' && row.at <= now && !(row.channel === 'call' && live.has(row.phone))),
  )
}

/** The disk is full for so many seconds. */
async function pinch({
  disk,
  app,
  daemon,
  seconds,
  smsOut,
}: {
  disk: string
  app: App
  daemon: DrillDaemon
  seconds: number
  smsOut: number
}): Promise<Pinch> {
  fillDisk(disk)
  const cpu = daemon.cpuMs()
  const lines = daemon.log.length
  await pause(seconds * 500)
  const webhook = await ring(daemon, 'SMwhile')
  const answer = await fetch(`${await daemon.consoleUrl()}/readyz`)
  const readyz = `${answer.status} ${(await answer.text()).trim()}`
  await pause(seconds * 500)
  const figures = {
    sms_out: smsOut,
    notes: await app.db.read.$count(app.db.t.voice_notes),
    cpu_share: Math.round((daemon.cpuMs() - cpu) / (seconds * 10)) / 100,
    readyz,
    webhook,
    lines: daemon.log.length - lines,
  }
  emptyDisk(disk)
  return figures
}

/** A signed receipt of something that was never sent; the answer's status. */
async function ring(daemon: DrillDaemon, sid: string): Promise<number> {
  const url = `${await daemon.publicUrl()}/twilio/status`
  const params = { AccountSid: ACCOUNT_SID, MessageSid: sid, MessageStatus: 'sent' }
  const headers = { 'x-twilio-signature': getExpectedTwilioSignature(AUTH_TOKEN, url, params) }
  const answer = await fetch(url, { method: 'POST', headers, body: new URLSearchParams(params) })
  await answer.text()
  return answer.status
}

/** Sounds on record that are not what was recorded, and drafts that nobody will finish. */
async function halfFiles({ db }: App, folder: string): Promise<number> {
  const { voice_notes } = db.t
  const notes = await db.read
    .select({ key: voice_notes.content_key, mp3: voice_notes.mp3_digest, ogg: voice_notes.ogg_digest })
    .from(voice_notes)
  const differs = (file: string, digest: string) =>
    createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex') !== digest
  const wrong = notes.flatMap(({ key, mp3, ogg }) => [differs(`${key}.mp3`, mp3), differs(`${key}.ogg`, ogg)])
  const drafts = readdirSync(folder).filter((file) => file.endsWith('.tmp'))
  return wrong.filter(Boolean).length + drafts.length
}

function isClean(result: Result): boolean {
  return (
    result.told_twice + result.never_told + result.wrongly_marked + result.half_files === 0 &&
    result.still_alive &&
    result.exit_code === 0 &&
    result.alarm_seen &&
    result.log_clear &&
    result.webhook_after === 204 &&
    result.pinches.every(
      ({ cpu_share, readyz, webhook }) => cpu_share < 0.5 && readyz.startsWith('503') && webhook === 503,
    )
  )
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
