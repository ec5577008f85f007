import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import Database from 'better-sqlite3'
import { openOutput } from '../../src/cli/output.ts'
import type { Row } from '../../test/world.ts'
import { residentRows } from '../chaos/people.ts'
import { type Figures, verdictOn } from '../chaos/verdict.ts'
import { seeded } from '../chaos/weather.ts'
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

const USAGE = `node scripts/drills/wal-cut.ts [--cuts N] [--residents N] [--seed N] [--json]

Kills the daemon in the middle of its work, cuts the database's write-ahead log at N random bytes, and each time goes on
from there against the same carrier. Exits 0 when each opened whole and nobody was told twice, never told or wrongly marked.
`

async function main(argv: string[]): Promise<0 | 1> {
  const { values } = parseArgs({
    args: argv,
    options: {
      cuts: { type: 'string', default: '50' },
      residents: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  const output = openOutput(values.json)
  const seed = Number(values.seed)
  const rows = residentRows(Number(values.residents))
  using stack = new DisposableStack()
  const base = mkdtempSync(join(tmpdir(), 'tenggat-wal-'))
  stack.defer(() => rmSync(base, { recursive: true, force: true }))
  const dead = join(base, 'dead')
  mkdirSync(dead)
  await killedInTheMiddle({ folder: dead, rows, seed, messages: Math.floor(rows.length * 0.6), calls: rows.length / 3 })
  const size = liveBytes(join(dead, 'tenggat.db-wal'))
  const random = seeded(seed)
  const cuts: Cut[] = []
  for (let index = 0; index < Number(values.cuts); index++) {
    const folder = join(base, `cut-${index}`)
    const cut = await cutWal(dead, folder, { at: Math.floor(random() * size), rows, seed })
    rmSync(folder, { recursive: true })
    cuts.push(cut)
    output.line(
      `${basename(folder)}: byte ${cut.at} of ${cut.of}, integrity ${cut.integrity}, found at the carrier ${cut.found}, ` +
        `told once ${cut.told_once}, twice ${cut.told_twice}, never ${cut.never_told}, wrongly marked ${cut.wrongly_marked}`,
    )
  }
  const sum = (of: (cut: Cut) => number) => cuts.reduce((total, cut) => total + of(cut), 0)
  const result = {
    cuts: cuts.length,
    wal_bytes: size,
    opened_whole: cuts.filter(({ integrity }) => integrity === 'ok').length,
    found_at_carrier: sum(({ found }) => found),
    told_twice: sum((cut) => cut.told_twice),
    never_told: sum((cut) => cut.never_told),
    wrongly_marked: sum((cut) => cut.wrongly_marked),
  }
  for (const [name, value] of Object.entries(result)) output.line(`${name.replaceAll('_', ' ').padEnd(18)}${value}`)
  output.result(result)
  const bad = result.cuts - result.opened_whole + result.told_twice + result.never_told + result.wrongly_marked
  return bad === 0 ? 0 : 1
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
