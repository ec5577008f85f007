import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import Database from 'better-sqlite3'
import type { ExitCode, Output } from '../../src/cli/output.ts'
import type { Row } from '../../test/world.ts'
import { residentRows } from '../chaos/people.ts'
import { type Figures, verdictOn } from '../chaos/verdict.ts'
import { seeded } from '../chaos/weather.ts'
import { command, positive, tellFigures } from '../command.ts'
import { finish } from './finish.ts'
import { killedInTheMiddle } from './killed.ts'

export type Cut = { at: number; of: number; integrity: string; found: number } & Pick<
  Figures,
  'told_once' | 'told_twice' | 'never_told' | 'wrongly_marked'
>

/** What a disk leaves that had not written everything when the power went: the log of the database ends at any byte. */
export async function cutWal(
  from: string,
  to: string,
  { at, rows, seed }: { at: number; rows: readonly Row[]; seed: number },
): Promise<Cut> {
  cpSync(from, to, { recursive: true })
  const wal = join(to, 'tenggat.db-wal')
  rmSync(join(to, 'tenggat.db-shm'), { force: true })
  const of = liveBytes(wal)
  truncateSync(wal, at)
  const integrity = integrityOf(join(to, 'tenggat.db'))
  const { found } = await finish(to, { rows, seed })
  const { told_once, told_twice, never_told, wrongly_marked } = await verdictOn(to)
  return { at, of, integrity, found, told_once, told_twice, never_told, wrongly_marked }
}

const WAL_HEADER = 32
const FRAME_HEADER = 24

/** How many bytes of the log count: after a checkpoint it begins anew over what is left of the last one (sqlite.org/fileformat2.html#walformat). */
export function liveBytes(wal: string): number {
  const bytes = readFileSync(wal)
  if (bytes.length < WAL_HEADER) return 0
  const frame = FRAME_HEADER + bytes.readUInt32BE(8)
  const salt = bytes.subarray(16, 24)
  let at = WAL_HEADER
  while (at + frame <= bytes.length && bytes.subarray(at + 8, at + 16).equals(salt)) at += frame
  return at
}

function integrityOf(file: string): string {
  const client = new Database(file)
  try {
    const [row] = client.pragma('integrity_check') as { integrity_check: string }[]
    return row?.integrity_check ?? 'nothing'
  } finally {
    client.close()
  }
}

const CUTS_PER_KILL = 10
const LEAST_RESIDENTS = 10
const KINDS = 5

const USAGE = `node scripts/drills/wal-cut.ts [--cuts N] [--seed N] [--json]

Kills the daemon in the middle of its work, cuts the database's write-ahead log at random bytes, N in all and ten after each
kill, and each time goes on from there against the same carrier. Exits 0 when each opened whole and nobody was told twice, never told or wrongly marked.
`

async function cutAgainAndAgain({ wanted, seed }: { wanted: number; seed: number }, output: Output): Promise<ExitCode> {
  using stack = new DisposableStack()
  const base = mkdtempSync(join(tmpdir(), 'tenggat-wal-'))
  stack.defer(() => rmSync(base, { recursive: true, force: true }))
  const random = seeded(seed)
  const cuts: Cut[] = []
  for (let kill = 0; cuts.length < wanted; kill++) {
    const dead = join(base, `dead-${kill}`)
    mkdirSync(dead)
    // A different way into the work each time, and into the log, which is emptied when it has become long.
    const rows = residentRows(LEAST_RESIDENTS + (kill % KINDS) * 4)
    const { length } = rows
    await killedInTheMiddle({ folder: dead, rows, seed: seed + kill, messages: length * 0.6, calls: length / 3 })
    const size = liveBytes(join(dead, 'tenggat.db-wal'))
    for (let index = 0; index < CUTS_PER_KILL && cuts.length < wanted; index++) {
      const folder = join(base, `cut-${cuts.length + 1}`)
      const cut = await cutWal(dead, folder, { at: Math.floor(random() * size), rows, seed: seed + kill })
      rmSync(folder, { recursive: true })
      cuts.push(cut)
      output.line(
        `${basename(folder)}: byte ${cut.at} of ${cut.of}, integrity ${cut.integrity}, found at the carrier ${cut.found}, ` +
          `told once ${cut.told_once}, twice ${cut.told_twice}, never ${cut.never_told}, wrongly marked ${cut.wrongly_marked}`,
      )
    }
    rmSync(dead, { recursive: true })
  }
  const sum = (of: (cut: Cut) => number) => cuts.reduce((total, cut) => total + of(cut), 0)
  const result = {
    cuts: cuts.length,
    longest_log: Math.max(...cuts.map(({ of }) => of)),
    opened_whole: cuts.filter(({ integrity }) => integrity === 'ok').length,
    found_at_carrier: sum(({ found }) => found),
    told_twice: sum((cut) => cut.told_twice),
    never_told: sum((cut) => cut.never_told),
    wrongly_marked: sum((cut) => cut.wrongly_marked),
  }
  tellFigures(output, result)
  const bad = result.cuts - result.opened_whole + result.told_twice + result.never_told + result.wrongly_marked
  return bad === 0 ? 0 : 1
}

if (import.meta.main) {
  await command({
    usage: USAGE,
    options: { cuts: { type: 'string', default: '50' }, seed: { type: 'string', default: '1' } },
    run: ({ cuts, seed }, output) =>
      cutAgainAndAgain({ wanted: positive('--cuts', cuts), seed: positive('--seed', seed) }, output),
  })
}
