import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { silentLog } from '../../src/lib/events.ts'
import { freePort } from '../../src/lib/free-port.ts'
import { readTranscript } from '../../src/sandbox/journal.ts'
import type { Row } from '../../test/world.ts'
import { type Ground, openGround, STARTS_AT } from '../chaos/ground.ts'
import { peopleOf, standingFaults } from '../chaos/people.ts'
import { loadDaemon, startSandbox, transcriptIn } from '../chaos/processes.ts'
import { importRows } from '../chaos/storm.ts'
import { until } from '../chaos/wait.ts'

const IN_THE_MIDDLE_MS = 60_000

/**
 * Imports a register and lets the daemon, a process of its own, send until so many messages have arrived and so many calls were
 * answered by a key; then kills it. The folder stays as it was at that moment, with all that the carrier knows.
 */
export async function killedInTheMiddle(options: {
  folder: string
  rows: readonly Row[]
  seed: number
  messages: number
  calls: number
  perSecond?: number
  /** So many of the rows come in only with `importRest`. */
  later?: number
  /** When half of the messages are out; the daemon goes on sending. */
  meanwhile?: (ground: Ground, importRest: () => Promise<void>) => Promise<void>
}): Promise<void> {
  const { folder, rows, seed, messages, calls, perSecond = 10, later = 0, meanwhile } = options
  await using sandbox = await startSandbox({ folder, seed, clockStart: STARTS_AT })
  await sandbox.people(peopleOf(rows))
  await sandbox.faults(standingFaults(rows))
  const begun = performance.now()
  const clock = { now: () => Math.floor(STARTS_AT + performance.now() - begun) }
  const ground = { folder, port: await freePort(), sandboxUrl: sandbox.url, perSecond }
  const bringIn = async (come: readonly Row[]) => {
    await using app = await openGround(ground, { clock, log: silentLog })
    await importRows(app, ground, come)
  }
  await bringIn(rows.slice(0, rows.length - later))

  const phones = () => readTranscript(transcriptIn(folder))
  const told = async () => (await phones()).filter(({ kind }) => kind === 'sms').length
  const answered = async () => (await phones()).filter(({ presses }) => presses.length > 0).length
  await using daemon = loadDaemon(ground)
  await daemon.begin(clock.now())
  await until(async () => (await told()) >= messages / 2, IN_THE_MIDDLE_MS)
  await meanwhile?.(ground, () => bringIn(rows))
  await until(async () => (await told()) >= messages && (await answered()) >= calls, IN_THE_MIDDLE_MS)
  await daemon.kill()
  await sandbox.stop()
  rmSync(join(folder, 'cache'), { recursive: true, force: true })
}
