import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { App } from '../../src/app.ts'
import { pause, until } from '../chaos/wait.ts'
import { command, positive, tellFigures } from '../command.ts'
import type { DrillDaemon } from './daemon-process.ts'
import { canMakeDisks, emptyDisk, fillDisk, onSmallDisk } from './small-disk.ts'
import { ask, cpuShare, openStage, ring, type Stage } from './stage.ts'

const USAGE = `node scripts/drills/full-disk.ts [--residents N] [--rate N] [--seconds N] [--seed N] [--megabytes N] [--disk DIR] [--json]

Lets the daemon tell everybody from a small disk, which is filled to the last byte twice, for so many seconds: when the first
voice note is being written, and when half of the messages are out. Then there is space again, and the daemon, which nobody
has touched, must finish. The disk is one of memory in a name space of its own, or an empty folder DIR on a disk of yours.
Exits 0 when nobody was told twice, never told or wrongly marked, and the daemon lived, said what was wrong, raised the alarm
and kept quiet (judged from ten seconds on); 2 where no small disk can be made.
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

function onADiskOfItsOwn(megabytes: number): 0 | 1 | 2 {
  if (!canMakeDisks()) {
    process.stderr.write('no small disk can be made here (unshare, mount); name a folder on one with --disk DIR\n')
    return 2
  }
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-full-'))
  try {
    const command = [process.execPath, import.meta.filename, ...process.argv.slice(2), '--disk', folder]
    return spawnSync('unshare', onSmallDisk(folder, megabytes, command), { stdio: 'inherit' }).status === 0 ? 0 : 1
  } finally {
    rmSync(folder, { recursive: true })
  }
}

type Result = Awaited<ReturnType<typeof drill>>

async function drill(
  disk: string,
  { residents, perSecond, seconds, seed }: { residents: number; perSecond: number; seconds: number; seed: number },
  tell: (line: string) => void,
) {
  using stack = new DisposableStack()
  const beside = mkdtempSync(join(tmpdir(), 'tenggat-beside-'))
  stack.defer(() => rmSync(beside, { recursive: true }))
  // The carrier and what it says have a disk of their own.
  mkdirSync(join(beside, 'cache'))
  for (const name of ['transcript.jsonl', 'daemon.log', 'cache']) symlinkSync(join(beside, name), join(disk, name))
  await using stage = await openStage({ folder: disk, residents, seed, perSecond })
  const { app } = stage
  const daemon = stage.start()
  await daemon.consoleUrl()
  const audio = join(disk, 'audio')
  await until(async () => readdirSync(audio).length > 0, 60_000)
  const pinches = [await pinch({ disk, stage, daemon, seconds })]
  tell(`full while speaking: ${JSON.stringify(pinches[0])}`)
  await stage.untilMessages(daemon, residents * 0.45)
  pinches.push(await pinch({ disk, stage, daemon, seconds }))
  tell(`full while sending: ${JSON.stringify(pinches[1])}`)

  const freed = performance.now()
  await stage.untilThrough(daemon)
  const throughAfter = Math.round(performance.now() - freed)
  const { status: webhookAfter } = await ring(daemon, 'SMafter')
  const alarms = await app.db.read.select().from(app.db.t.alarms)
  const stillAlive = daemon.alive() && daemon.errors() === ''
  const exitCode = await daemon.stop()
  return {
    residents,
    ...(await stage.judge()),
    still_alive: stillAlive,
    exit_code: exitCode,
    alarm_seen: alarms.some(({ kind, detail }) => kind === 'disk' && /is full; nothing could be written/.test(detail)),
    alarms: alarms.map(({ kind, detail, times }) => `${kind} (${times}): ${detail}`),
    log_clear: daemon.log.some(({ fault }) => typeof fault === 'string' && fault.endsWith('is full')),
    outcomes_not_recorded: daemon.log.filter(({ msg }) => msg === 'outcome not recorded').length,
    webhook_after: webhookAfter,
    through_after_ms: throughAfter,
    half_files: await halfFiles(app, audio),
    pinches,
  }
}

/** The disk is full for so many seconds. */
async function pinch({
  disk,
  stage,
  daemon,
  seconds,
}: {
  disk: string
  stage: Stage
  daemon: DrillDaemon
  seconds: number
}): Promise<Pinch> {
  const smsOut = await stage.messages()
  fillDisk(disk)
  const lines = daemon.log.length
  const answers = { readyz: '', webhook: 0 }
  const cpu = await cpuShare(daemon, seconds, async () => {
    await pause(seconds * 300)
    answers.webhook = await ringUntilShut(daemon, seconds)
    answers.readyz = (await ask(daemon, '/readyz')).says
  })
  const { db } = stage.app
  const notes = await db.read.$count(db.t.voice_notes)
  const figures = { sms_out: smsOut, notes, cpu_share: cpu, ...answers, lines: daemon.log.length - lines }
  emptyDisk(disk)
  return figures
}

/** The log of the database goes on in the room that it has had before; sooner or later that is used up, too. */
async function ringUntilShut(daemon: DrillDaemon, seconds: number): Promise<number> {
  const ends = performance.now() + seconds * 300
  for (let index = 0; ; index++) {
    const { status } = await ring(daemon, `SM${Math.floor(performance.now())}x${index}`)
    if (status !== 204 || performance.now() > ends) return status
  }
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

/** A second or two of waking up says nothing about how quietly a daemon waits. */
const QUIET_FROM_SECONDS = 10

function isClean(result: Result, seconds: number): boolean {
  return (
    result.told_twice + result.never_told + result.wrongly_marked + result.half_files === 0 &&
    result.still_alive &&
    result.exit_code === 0 &&
    result.alarm_seen &&
    result.log_clear &&
    result.webhook_after === 204 &&
    result.pinches.every(
      ({ cpu_share, readyz, webhook }) =>
        (cpu_share < 0.5 || seconds < QUIET_FROM_SECONDS) && readyz.startsWith('503') && webhook === 503,
    )
  )
}

if (import.meta.main) {
  await command({
    usage: USAGE,
    options: {
      residents: { type: 'string', default: '2000' },
      rate: { type: 'string' },
      seconds: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      megabytes: { type: 'string', default: '64' },
      disk: { type: 'string' },
    },
    async run(values, output) {
      if (values.disk === undefined) return onADiskOfItsOwn(positive('--megabytes', values.megabytes))
      const residents = positive('--residents', values.residents)
      const perSecond = positive('--rate', values.rate ?? String(Math.max(10, Math.ceil(residents / 50))))
      const seconds = positive('--seconds', values.seconds)
      const options = { residents, perSecond, seconds, seed: positive('--seed', values.seed) }
      const result = await drill(values.disk, options, (line) => output.line(line))
      tellFigures(output, result)
      return isClean(result, seconds) ? 0 : 1
    },
  })
}
