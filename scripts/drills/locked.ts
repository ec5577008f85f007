import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { pause } from '../chaos/wait.ts'
import { command, positive, tellFigures } from '../command.ts'
import { ask, openStage, type Rung, ring } from './stage.ts'

const USAGE = `node scripts/drills/locked.ts [--seconds N] [--residents N] [--rate N] [--seed N] [--json]

Another program takes the database for itself while the daemon sends, for so many seconds (40), as a copying tool or a forgotten
sqlite3 would. Exits 0 when nobody was told twice, never told or wrongly marked, every webhook was answered before the carrier
hangs up, and a lock that lasted longer than the daemon's patience was told of.
`

/** The carrier waits no longer for the answer to a webhook. */
const CARRIER_WAITS_MS = 15_000
/** So long the program waits for the database before it complains. */
const PATIENCE_S = 30

export async function locked(options: { residents: number; perSecond: number; seconds: number; seed: number }) {
  const { residents, perSecond, seconds, seed } = options
  using stack = new DisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-locked-'))
  stack.defer(() => rmSync(folder, { recursive: true }))
  await using stage = await openStage({ folder, residents, seed, perSecond })
  const daemon = stage.start()
  await stage.untilMessages(daemon, residents * 0.3)

  const other = new Database(join(folder, 'tenggat.db'), { timeout: 5_000 })
  other.exec('begin exclusive')
  const begun = performance.now()
  const lasts = () => performance.now() - begun < seconds * 1_000
  const rung: Rung[] = []
  let slowest = 0
  let answers = 0
  const readyz = new Set<string>()
  const ringing = (async () => {
    for (let index = 0; lasts(); index++) {
      rung.push(await ring(daemon, `SMwhile${index}`))
      await pause(1_000)
    }
  })()
  while (lasts()) {
    const { ms } = await ask(daemon, '/healthz')
    slowest = Math.max(slowest, ms)
    if (lasts()) answers += 1
    readyz.add((await ask(daemon, '/readyz')).says)
    await pause(200)
  }
  other.close()
  await ringing
  await stage.untilThrough(daemon)
  const alarms = await stage.app.db.read.select().from(stage.app.db.t.alarms)
  const stillAlive = daemon.alive() && daemon.errors() === ''
  const exitCode = await daemon.stop()
  return {
    residents,
    seconds,
    ...(await stage.judge()),
    still_alive: stillAlive,
    exit_code: exitCode,
    webhooks: [...new Set(rung.map(({ status }) => status))],
    webhook_slowest_ms: Math.max(...rung.map(({ ms }) => ms)),
    healthz_slowest_ms: slowest,
    healthz_answers: answers,
    readyz: [...readyz],
    alarms: alarms.filter(({ kind }) => kind === 'database').map(({ detail }) => detail),
    outcomes_not_recorded: daemon.log.filter(({ msg }) => msg === 'outcome not recorded').length,
  }
}

if (import.meta.main) {
  await command({
    usage: USAGE,
    options: {
      seconds: { type: 'string', default: '40' },
      residents: { type: 'string', default: '300' },
      rate: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
    },
    async run(values, output) {
      const result = await locked({
        seconds: positive('--seconds', values.seconds),
        residents: positive('--residents', values.residents),
        perSecond: positive('--rate', values.rate),
        seed: positive('--seed', values.seed),
      })
      tellFigures(output, result)
      const good =
        result.told_twice + result.never_told + result.wrongly_marked === 0 &&
        result.still_alive &&
        result.exit_code === 0 &&
        result.webhook_slowest_ms < CARRIER_WAITS_MS &&
        (result.seconds <= PATIENCE_S || result.alarms.length === 1)
      return good ? 0 : 1
    },
  })
}
