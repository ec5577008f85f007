import { mkdirSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { openApp } from '../../src/app.ts'
import { importCommand } from '../../src/cli/import.ts'
import { loadConfig } from '../../src/config.ts'
import { accountByName, addOfficer } from '../../src/console/accounts.ts'
import { beginSession, csrfOf } from '../../src/console/sessions.ts'
import { newKeyFile } from '../../src/db/seal.ts'
import { AppError } from '../../src/lib/errors.ts'
import { silentLog } from '../../src/lib/events.ts'

/** What the drill asks of the program, one at a time. */
export type Asked = { ask: 'import'; file: string } | { ask: 'state' }
export type Begun = { url: string; officers: Record<'id' | 'en', { cookie: string; csrf: string }> }
export type Imported = { code: number; said: string }
export type Standing = { register: string; kept: number }

const RESIDENTS = 12

/** The program with its console open and a register of twelve, in a process of its own: its memory can be looked at from outside. */
async function main(folder: string): Promise<void> {
  const keys = join(folder, 'secret.key')
  writeFileSync(keys, newKeyFile('k1'))
  const { config, secrets } = loadConfig(
    { DATABASE_URL: `file:${folder}/tenggat.db`, DATA_DIR: folder, SECRET_KEY_FILE: keys },
    { carrier: false, keys: true },
  )
  const app = await openApp({ ...config, consoleListen: { host: '127.0.0.1', port: 0 } }, secrets, { log: silentLog })
  mkdirSync(join(folder, 'audio'))
  const first = join(folder, 'register.csv')
  writeFileSync(first, register())
  await app.importFile({ file: first })
  const opened = await app.openConsole()
  const begun: Begun = { url: opened.url, officers: { id: await signedIn('id'), en: await signedIn('en') } }
  process.send!(begun)

  process.on('message', (asked: Asked) => {
    answer(asked).then(
      (given) => process.send!(given),
      (error) => process.send!({ code: -1, said: String(error) }),
    )
  })

  async function signedIn(language: 'id' | 'en'): Promise<{ cookie: string; csrf: string }> {
    const { db, office } = app
    const now = app.clock.now()
    const name = `penyelia-${language}`
    await addOfficer({ db, now }, { name, role: 'supervisor', officeCode: null, regencies: null, known: [] })
    const token = await db.write(async (tx) => {
      const { officers } = tx.t
      await tx
        .update(officers)
        .set({ one_time_until: null, totp_confirmed_at: now, language })
        .where(eq(officers.name, name))
      const account = (await accountByName(tx, name))!
      return beginSession(tx, { account, codeAt: now, now, policy: office.console })
    })
    return { cookie: `tenggat-session=${token}`, csrf: csrfOf(token) }
  }

  async function answer(asked: Asked): Promise<Imported | Standing> {
    if (asked.ask === 'state') return standing()
    const lines: string[] = []
    const output = { json: false, line: (text: string) => lines.push(text), result: () => undefined }
    try {
      const code = await importCommand(app, output, { file: asked.file, dryRun: false, force: false })
      return { code, said: lines.join('\n') }
    } catch (error) {
      if (error instanceof AppError) return { code: 1, said: error.message }
      throw error
    }
  }

  async function standing(): Promise<Standing> {
    const { residents, permits, staging } = app.db.t
    const register = [
      await app.db.read.select().from(residents).orderBy(residents.id),
      await app.db.read.select().from(permits).orderBy(permits.id),
      await app.db.read.$count(staging),
    ]
    const kept = await readdir(join(folder, 'uploads')).catch(() => [])
    return { register: JSON.stringify(register), kept: kept.length }
  }
}

function register(): string {
  const header = 'register_no,full_name,nationality,passport_no,permit_kind,permit_no,expires_on'
  const rows = Array.from({ length: RESIDENTS }, (_, n) => `R-${n},Person ${n},MY,A${1000 + n},ITAS,P-${n},${expiry()}`)
  return `${[header, ...rows].join('\n')}\n`
}

/** In a year from today, whenever the drill runs. */
function expiry(): string {
  return Temporal.Now.plainDateISO('Asia/Jakarta').add({ years: 1 }).toString()
}

await main(process.argv[2]!)
