import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js'
import type { App } from '../../src/app.ts'
import { silentLog } from '../../src/lib/events.ts'
import { freePort } from '../../src/lib/free-port.ts'
import { readTranscript } from '../../src/sandbox/journal.ts'
import { ACCOUNT_SID, AUTH_TOKEN } from '../../test/ground.ts'
import type { Row } from '../../test/world.ts'
import { isUnderWay } from '../chaos/due.ts'
import { openGround, STARTS_AT } from '../chaos/ground.ts'
import { peopleOf, residentRows, standingFaults } from '../chaos/people.ts'
import { type SandboxProcess, startSandbox, transcriptIn } from '../chaos/processes.ts'
import { importRows } from '../chaos/storm.ts'
import { type Figures, verdictOn } from '../chaos/verdict.ts'
import { pause, until } from '../chaos/wait.ts'
import type { Orders } from './daemon.ts'
import { type DrillDaemon, startDrillDaemon } from './daemon-process.ts'
import { finish } from './finish.ts'

/** A register, the carrier, and the world's clock; the daemons come and go. */
export type Stage = AsyncDisposable & {
  rows: readonly Row[]
  sandbox: SandboxProcess
  /** To look at the database with. */
  readonly app: App
  /** The database is closed meanwhile. */
  apart(work: () => Promise<void>): Promise<void>
  /** The world's clock, which the carrier goes by. */
  now(): number
  start(options?: { startsAt?: number }): DrillDaemon
  /** Messages that have arrived. */
  messages(): Promise<number>
  /** Waits, while the daemon lives, until so many messages have arrived. */
  untilMessages(daemon: DrillDaemon, count: number): Promise<void>
  /** Waits, while the daemon lives, until nobody is left whose time has come. */
  untilThrough(daemon: DrillDaemon): Promise<void>
  /** Ends the carrier, lets six days pass with a program of its own, and compares what the phones got with the database. */
  judge(): Promise<Pick<Figures, 'told_once' | 'told_twice' | 'never_told' | 'wrongly_marked'> & { found: number }>
}

const LONGEST_MS = 400_000

export async function openStage({
  folder,
  residents,
  seed,
  perSecond,
  startsAt = STARTS_AT,
}: {
  folder: string
  residents: number
  seed: number
  perSecond: number
  startsAt?: number
}): Promise<Stage> {
  await using stack = new AsyncDisposableStack()
  const rows = residentRows(residents)
  const sandbox = stack.use(await startSandbox({ folder, seed, clockStart: startsAt }))
  await sandbox.people(peopleOf(rows))
  await sandbox.faults(standingFaults(rows))
  const ground: Omit<Orders, 'startsAt'> = { folder, port: await freePort(), sandboxUrl: sandbox.url, perSecond }
  const begun = performance.now()
  const now = () => Math.floor(startsAt + performance.now() - begun)
  const open = () => openGround(ground, { clock: { now }, log: silentLog })
  let app = await open()
  stack.defer(() => app[Symbol.asyncDispose]())
  await importRows(app, ground, rows)
  const messages = async () => (await readTranscript(transcriptIn(folder))).filter(({ kind }) => kind === 'sms').length
  const whileAlive = (daemon: DrillDaemon, holds: () => Promise<boolean>) =>
    until(async () => {
      if (!daemon.alive()) throw new Error(`the daemon ended by itself: ${daemon.errors()}`)
      return holds()
    }, LONGEST_MS)
  const opened = stack.move()
  return {
    rows,
    sandbox,
    get app() {
      return app
    },
    async apart(work) {
      await app[Symbol.asyncDispose]()
      await work()
      app = await open()
    },
    now,
    start: ({ startsAt: at = now() } = {}) => opened.use(startDrillDaemon({ ...ground, startsAt: at })),
    messages,
    untilMessages: (daemon, count) => whileAlive(daemon, async () => (await messages()) >= count),
    untilThrough: (daemon) => whileAlive(daemon, async () => !(await isUnderWay(app, now()))),
    async judge() {
      await sandbox.stop()
      const { found } = await finish(folder, { rows, seed })
      const { told_once, told_twice, never_told, wrongly_marked } = await verdictOn(folder)
      return { told_once, told_twice, never_told, wrongly_marked, found }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

export type Rung = { status: number; ms: number }

/** A signed receipt of something that was never sent. */
export async function ring(daemon: DrillDaemon, sid: string): Promise<Rung> {
  const url = `${await daemon.publicUrl()}/twilio/status`
  const params = { AccountSid: ACCOUNT_SID, MessageSid: sid, MessageStatus: 'sent' }
  const headers = { 'x-twilio-signature': getExpectedTwilioSignature(AUTH_TOKEN, url, params) }
  const begun = performance.now()
  const answer = await fetch(url, { method: 'POST', headers, body: new URLSearchParams(params) })
  await answer.text()
  return { status: answer.status, ms: Math.round(performance.now() - begun) }
}

/** What the console's listener answers, as `503 not ready: disk`. */
export async function ask(daemon: DrillDaemon, path: '/readyz' | '/healthz'): Promise<{ says: string; ms: number }> {
  const url = await daemon.consoleUrl()
  const begun = performance.now()
  const answer = await fetch(`${url}${path}`)
  const says = `${answer.status} ${(await answer.text()).trim()}`
  return { says, ms: Math.round(performance.now() - begun) }
}

/** Of one processor, over so many seconds in which `meanwhile` is done. */
export async function cpuShare(
  daemon: DrillDaemon,
  seconds: number,
  meanwhile: () => Promise<unknown>,
): Promise<number> {
  const [begun, used] = [performance.now(), daemon.cpuMs()]
  await Promise.all([pause(seconds * 1_000), meanwhile()])
  return Math.round((100 * (daemon.cpuMs() - used)) / (performance.now() - begun)) / 100
}
