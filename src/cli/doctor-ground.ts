import { isNotNull } from 'drizzle-orm'
import { loadLanguages } from '../compose/language.ts'
import { loadTemplates, type Templates, withOwnWords } from '../compose/template.ts'
import { type Config, type Environment, examineConfig, type Secrets } from '../config.ts'
import { migrationState } from '../db/migrations.ts'
import { whyMoved } from '../db/moved.ts'
import { type Db, openSqlite } from '../db/open.ts'
import { openVault, type Vault } from '../db/seal.ts'
import { AppError } from '../lib/errors.ts'
import type { Office } from '../lib/office.ts'
import { loadOffices, officeFolders } from '../lib/offices.ts'
import { judgeDatabaseFile, judgeMigrations, lookAtDatabaseFile } from '../ops/doctor/database-file.ts'
import { type Finding, fault, findingsOf, sentence, type Trouble } from '../ops/doctor/finding.ts'

/** What the other checks stand on; null where it is itself at fault, and then they are left out. */
export type Ground = AsyncDisposable & {
  config: Config
  secrets: Secrets
  vault: Vault | null
  /** The home office. */
  office: Office | null
  /** Those beside it. */
  further: readonly Office[]
  templates: Templates | null
  /** Sound, and of this very program. */
  db: Db | null
  findings: Finding[]
}

/** Reads the configuration, the files that it names and the database, each as far as it goes. Migrates nothing. */
export async function openGround(env: Environment): Promise<Ground> {
  const { config, secrets, faults } = examineConfig(env, { carrier: true, keys: true })
  const configuration = faults.map((one) =>
    fault(sentence(one), 'Set it where the program reads its environment (.env); .env.example explains each one.'),
  )
  const keys = await read(() => (secrets.keys === '' ? null : openVault(secrets.keys, config.secretKeyFile)))
  const office = await read(() => loadOffices(config.officeFile))
  const templates = await read(async () => {
    await loadLanguages(config.templatesDir)
    const templates = await loadTemplates(config.templatesDir)
    for (const { folder } of officeFolders(config.officeFile)) await withOwnWords(templates, folder)
    return templates
  })
  const database = await openDatabase(config, secrets, keys.value)
  return {
    config,
    secrets,
    vault: database.keyTroubles.length > 0 ? null : keys.value,
    office: office.value?.home ?? null,
    further: office.value?.all.slice(1) ?? [],
    templates: templates.value,
    db: database.db,
    findings: [
      ...findingsOf('configuration', configuration),
      ...(secrets.keys === '' ? [] : findingsOf('keys', [...keys.troubles, ...database.keyTroubles])),
      ...findingsOf('office file', office.troubles),
      ...findingsOf('words', templates.troubles),
      ...findingsOf('database', database.troubles),
    ],
    async [Symbol.asyncDispose]() {
      await database.db?.[Symbol.asyncDispose]()
    },
  }
}

async function read<Value>(work: () => Value | Promise<Value>): Promise<{ value: Value | null; troubles: Trouble[] }> {
  try {
    return { value: await work(), troubles: [] }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const lines = error.message.split('\n').filter((line, _index, all) => all.length === 1 || !/to mend:$/.test(line))
    return {
      value: null,
      troubles: lines.map((line) => fault(sentence(line), 'Correct it; the line says what is allowed.')),
    }
  }
}

type Opened = { db: Db | null; troubles: Trouble[]; keyTroubles: Trouble[] }

async function openDatabase(config: Config, secrets: Secrets, vault: Vault | null): Promise<Opened> {
  const { databaseFile: file } = config
  const state = file === undefined ? null : await lookAtDatabaseFile(file)
  const troubles = file === undefined || state === null ? [] : judgeDatabaseFile(file, state)
  const usable = state === null || (state.found && !state.late && state.sound)
  if (!usable || !vault) return { db: null, troubles, keyTroubles: [] }
  try {
    return await checkOpen(await connect(config, secrets, vault), troubles)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const mend =
      file === undefined
        ? 'Look whether the server of DATABASE_URL runs, and whether its user and password are right.'
        : 'Run doctor as the user of the service, and give that user the file and its folder.'
    return { db: null, troubles: [...troubles, fault(sentence(error.message), mend)], keyTroubles: [] }
  }
}

async function connect({ databaseFile: file }: Config, { databaseUrl: url }: Secrets, vault: Vault): Promise<Db> {
  if (file !== undefined) return openSqlite({ file, vault, migrate: false })
  if (url === undefined) throw new AppError('config', 'DATABASE_URL: missing')
  const { openPostgres } = await import('../db/open-postgres.ts')
  return openPostgres({ url, vault, migrate: false })
}

/** A database of another program version is not asked any further: its tables may differ. */
async function checkOpen(db: Db, troubles: Trouble[]): Promise<Opened> {
  const migrations = judgeMigrations(await migrationState(db.read))
  const keyTroubles = migrations.length > 0 ? [] : await judgeKeys(db)
  const moved = migrations.length > 0 ? null : await whyMoved(db.read)
  if (moved !== null)
    migrations.push(fault(sentence(moved), 'Do as the sentence says; nothing starts on it until then.'))
  if (migrations.length === 0 && keyTroubles.length === 0) return { db, troubles, keyTroubles }
  await db[Symbol.asyncDispose]()
  return { db: null, troubles: [...troubles, ...migrations], keyTroubles }
}

/** Whether the keys are those that the database was written with. */
async function judgeKeys({ read, t: { residents } }: Db): Promise<Trouble[]> {
  try {
    await read.select({ phone: residents.phone }).from(residents).where(isNotNull(residents.phone)).limit(1)
    return []
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return [
      fault(
        'The keys in SECRET_KEY_FILE do not open what the database holds.',
        'Put back the key file that belongs to this database; without it its phones and passports are lost for good.',
      ),
    ]
  }
}
