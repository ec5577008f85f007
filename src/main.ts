import { Command, CommanderError, InvalidArgumentError } from 'commander'
import type { App } from './app.ts'
import { endOnCrash } from './cli/crash.ts'
import type { MoveOptions } from './cli/move.ts'
import { type ExitCode, failed, type Output, openOutput } from './cli/output.ts'
import type { PreviewOptions } from './cli/preview.ts'
import { type Config, loadConfig, type Secrets } from './config.ts'
import { dateAt } from './lib/civil-date.ts'
import { systemClock } from './lib/clock.ts'
import { openDailyLog, openLog } from './lib/events.ts'

type Needs = { carrier?: boolean; lock?: boolean; keys?: boolean }

/** Parses the command line, runs one command and returns its exit code. Never ends the process itself. */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<ExitCode> {
  let code: ExitCode = 0
  const program = new Command('tenggat')
    .description('Tells every foreign resident, in their own language, before the stay permit ends.')
    .exitOverride()
    .configureHelp({ sortSubcommands: true })

  const outputOf = (options: { json?: boolean }) => openOutput(options.json === true)
  const load = (needs: Needs) => loadConfig(env, { carrier: needs.carrier ?? false, keys: needs.keys ?? true })
  const logTo = (config: Config) => openLog({ level: config.logLevel, destination: 2 })

  async function withApp(
    command: string,
    needs: Needs,
    options: { json?: boolean; office?: string },
    work: (app: App, output: Output) => Promise<ExitCode>,
  ): Promise<void> {
    const { config, secrets }: { config: Config; secrets: Secrets } = load(needs)
    const now = systemClock.now()
    // PostgreSQL lets any number of workers share the work.
    using _lock =
      needs.lock && config.databaseFile !== undefined
        ? (await import('./ops/lock.ts')).takeInstanceLock({
            dataDir: config.dataDir,
            holder: { pid: process.pid, command, startedAt: now },
          })
        : undefined
    const { openApp } = await import('./app.ts')
    const log =
      command === 'start' && config.logFile
        ? await openDailyLog({ level: config.logLevel, file: config.logFile })
        : logTo(config)
    await using app = await openApp(config, secrets, { log })
    const { atOffice } = await import('./cli/at-office.ts')
    code = await work(options.office === undefined ? app : atOffice(app, options.office), outputOf(options))
  }

  program
    .command('start')
    .description('the daemon: migrate, listeners, duties, deliveries; SIGTERM finishes the call in flight')
    .action(() =>
      withApp('start', { carrier: true, lock: true }, {}, async (app) =>
        (await import('./cli/start.ts')).startCommand(app, signal),
      ),
    )

  program
    .command('demo')
    .description('the whole job on made-up residents, the embedded carrier and voice')
    .option('--once', 'end when the job is done')
    .option('--fresh', 'begin again with an empty data folder')
    .option('--json', 'the result as one JSON line')
    .action(async (options: { once?: boolean; fresh?: boolean; json?: boolean }) => {
      code = await (await import('./cli/demo.ts')).demoCommand(outputOf(options), {
        once: options.once === true,
        fresh: options.fresh === true,
        signal,
      })
    })

  program
    .command('import')
    .argument('<file>', 'CSV or XLSX')
    .description('a register file comes in')
    .option('--dry-run', 'only say what would change')
    .option('--force', 'even when more than half of the register would change or is missing')
    .option(...oneOffice())
    .option('--json', 'the result as one JSON line')
    .action((file: string, options: { dryRun?: boolean; force?: boolean; office?: string; json?: boolean }) =>
      withApp('import', {}, options, async (app, output) =>
        (await import('./cli/import.ts')).importCommand(app, output, {
          file,
          dryRun: options.dryRun === true,
          force: options.force === true,
          named: options.office !== undefined,
        }),
      ),
    )

  program
    .command('scan')
    .description("today's notices and deliveries; cases opened and escalated")
    .option('--today <date>', 'as if today were YYYY-MM-DD')
    .option('--dry-run', 'only say what would be')
    .option('--json', 'the result as one JSON line')
    .action((options: { today?: string; dryRun?: boolean; json?: boolean }) =>
      withApp('scan', { lock: true }, options, async (app, output) =>
        (await import('./cli/scan.ts')).scanCommand(app, output, {
          ...(options.today ? { today: options.today } : {}),
          dryRun: options.dryRun === true,
        }),
      ),
    )

  program
    .command('deliver')
    .description('send what is due now')
    .option('--json', 'the result as one JSON line')
    .action((options: { json?: boolean }) =>
      withApp('deliver', { carrier: true, lock: true }, options, async (app, output) =>
        (await import('./cli/deliver.ts')).deliverCommand(app, output, signal),
      ),
    )

  program
    .command('run')
    .description('scan, then deliver, once')
    .option('--json', 'the result as one JSON line')
    .action((options: { json?: boolean }) =>
      withApp('run', { carrier: true, lock: true }, options, async (app, output) =>
        (await import('./cli/deliver.ts')).runCommand(app, output, signal),
      ),
    )

  program
    .command('status')
    .description('counts, duty slots, alarms and pauses')
    .option('--json', 'the result as one JSON line')
    .action((options: { json?: boolean }) =>
      withApp('status', {}, options, async (app, output) =>
        (await import('./cli/status.ts')).statusCommand(app, output),
      ),
    )

  program
    .command('forecast')
    .description('who will be told when, and at what cost')
    .option('--days <days>', 'from today on, 1 to 366', dayCount, 30)
    .option('--office <code>', 'one of several; without: all')
    .option('--json', 'the result as one JSON line')
    .action((options: { days: number; office?: string; json?: boolean }) =>
      withApp('forecast', {}, options, async (app, output) =>
        (await import('./cli/forecast.ts')).forecastCommand(app, output, options),
      ),
    )

  program
    .command('doctor')
    .description('everything the program stands on: what is wrong, and what to mend')
    .option('--json', 'the result as one JSON line')
    .action(async (options: { json?: boolean }) => {
      code = await (await import('./cli/doctor.ts')).doctorCommand(env, systemClock, outputOf(options))
    })

  program
    .command('overstays')
    .description("the officers' list")
    .option('--csv <file>', 'write it as CSV')
    .option('--xlsx <file>', 'write it as XLSX')
    .option(...oneOffice())
    .option('--json', 'the result as one JSON line')
    .action((options: { csv?: string; xlsx?: string; office?: string; json?: boolean }) =>
      withApp('overstays', {}, options, async (app, output) =>
        (await import('./cli/overstays.ts')).overstaysCommand(app, output, options),
      ),
    )

  program
    .command('report')
    .description("a period's figures for the office's yearly performance statement")
    .option('--from <date>', 'first day, YYYY-MM-DD; without both days: this year')
    .option('--to <date>', 'last day, YYYY-MM-DD')
    .option('--xlsx <file>', 'write it as XLSX')
    .option(...oneOffice())
    .option('--json', 'the result as one JSON line')
    .action((options: { from?: string; to?: string; xlsx?: string; office?: string; json?: boolean }) =>
      withApp('report', {}, options, async (app, output) =>
        (await import('./cli/report.ts')).reportCommand(app, output, options),
      ),
    )

  const cases = program.command('case').description('what an officer decided about an overstay case')
  for (const action of ['close', 'reopen', 'note'] as const) {
    cases
      .command(action)
      .argument('<id>', 'number of the case', wholeNumber)
      .requiredOption('--by <name>', 'the officer')
      .option('--outcome <outcome>', 'with close: how it ended')
      .option('--note <text>', 'in the words of the officer')
      .option('--json', 'the result as one JSON line')
      .action((id: number, options: { by: string; outcome?: string; note?: string; json?: boolean }) =>
        withApp('case', {}, options, async (app, output) =>
          (await import('./cli/case.ts')).caseCommand(app, output, action, { id, ...options }),
        ),
      )
  }

  const holds = program.command('hold').description('why a resident gets no notices and no case')
  holds
    .command('set')
    .argument('<resident>', 'number of the resident', wholeNumber)
    .requiredOption('--reason <reason>', 'applied, left, refugee, diplomatic, died, naturalised or other')
    .requiredOption('--by <name>', 'the officer')
    .option('--until <date>', 'last day, YYYY-MM-DD')
    .option('--note <text>', 'in the words of the officer')
    .option('--json', 'the result as one JSON line')
    .action(
      (resident: number, options: { reason: string; by: string; until?: string; note?: string; json?: boolean }) =>
        withApp('hold', {}, options, async (app, output) =>
          (await import('./cli/hold.ts')).holdSetCommand(app, output, { resident, ...options }),
        ),
    )
  holds
    .command('lift')
    .argument('<hold>', 'number of the hold', wholeNumber)
    .requiredOption('--by <name>', 'the officer')
    .option('--json', 'the result as one JSON line')
    .action((hold: number, options: { by: string; json?: boolean }) =>
      withApp('hold', {}, options, async (app, output) =>
        (await import('./cli/hold.ts')).holdLiftCommand(app, output, { hold, by: options.by }),
      ),
    )

  program
    .command('preview')
    .description('what a resident would read and hear')
    .option('--language <tag>', 'e.g. id, en, zh-Hans')
    .option('--all', 'every language beside the Indonesian source; with --html')
    .option('--html <file>', 'write one sheet for reviewers, with sound')
    .option('--stage <days>', 'days before expiry; below 0 after it', wholeNumber, 14)
    .option('--expires <date>', 'last day of the permit, YYYY-MM-DD')
    .option('--kind <kind>', 'kind of permit', 'ITAS')
    .option('--audio <file>', 'write the voice note: .mp3 or .ogg')
    .option(...oneOffice())
    .option('--json', 'the result as one JSON line')
    .action(async (options: PreviewOptions & { json?: boolean }) => {
      code = await (await import('./cli/preview.ts')).previewCommand(
        load({ keys: false }).config,
        systemClock,
        outputOf(options),
        options,
      )
    })

  program
    .command('config')
    .description('what is in force, without secrets, and every fault')
    .option('--json', 'the result as one JSON line')
    .action(async (options: { json?: boolean }) => {
      code = await (await import('./cli/config.ts')).configCommand(env, outputOf(options))
    })

  const officers = program.command('officer').description("accounts of the officers' console")
  for (const action of ['add', 'disable', 'reset'] as const) {
    const command = officers.command(action).argument('<name>', 'name of the account')
    if (action !== 'disable') {
      command
        .option('--role <role>', 'viewer, officer, supervisor or admin')
        .option('--regency <name...>', 'only residents of these; without: the whole area')
        .option('--office <code>', 'only of this one of several; ALL: headquarters')
    }
    command
      .option('--json', 'the result as one JSON line')
      .action(
        (name: string, { json, ...options }: { role?: string; regency?: string[]; office?: string; json?: boolean }) =>
          withApp('officer', {}, json ? { json } : {}, async (app, output) =>
            (await import('./cli/officer.ts')).officerCommand(app, output, { action, name, ...options }),
          ),
      )
  }

  program
    .command('audit')
    .description('who saw or changed what')
    .command('verify')
    .description('whether the chain of entries is whole')
    .option('--head <hash>', 'that an earlier verify or a digest told')
    .option('--json', 'the result as one JSON line')
    .action((options: { head?: string; json?: boolean }) =>
      withApp('audit', {}, options, async (app, output) =>
        (await import('./cli/audit.ts')).auditVerifyCommand(app, output, options),
      ),
    )

  program
    .command('backup')
    .argument('[file]', 'default: a new file in DATA_DIR/backups, where older ones make room')
    .description('a verified copy of the running database')
    .option('--passphrase-file <file>', 'encrypt with the passphrase in it; default: BACKUP_PASSPHRASE_FILE')
    .option('--json', 'the result as one JSON line')
    .action((file: string | undefined, options: { passphraseFile?: string; json?: boolean }) =>
      withApp('backup', {}, options, async (app, output) =>
        (await import('./cli/backup.ts')).backupCommand(app, output, { file, ...options }),
      ),
    )

  program
    .command('restore')
    .argument('<file>', 'a backup')
    .description('put a backup in the place of the database; the old one stays beside')
    .option('--passphrase-file <file>', 'of an encrypted one; default: BACKUP_PASSPHRASE_FILE')
    .option('--json', 'the result as one JSON line')
    .action(async (file: string, options: { passphraseFile?: string; json?: boolean }) => {
      const { restoreCommand } = await import('./cli/backup.ts')
      code = await restoreCommand({ ...load({}), clock: systemClock }, outputOf(options), { file, ...options })
    })

  program
    .command('move')
    .description('the whole database into an empty one of the same engine or the other; nothing else may run meanwhile')
    .option('--from <url>', 'file:PATH or postgres://…, as in DATABASE_URL')
    .option('--from-url-file <file>', 'holds it: a password on the command line is seen by others')
    .option('--to <url>', 'an empty one')
    .option('--to-url-file <file>', 'holds it')
    .option('--undo', 'take the mark of a move away from --from, which is then worked on again')
    .option('--json', 'the result as one JSON line')
    .action(async (options: MoveOptions & { json?: boolean }) => {
      const { moveCommand } = await import('./cli/move.ts')
      code = await moveCommand({ config: load({ keys: false }).config, clock: systemClock }, outputOf(options), options)
    })

  const people = program.command('person').description("one person's data: a copy of it, and its end")
  people
    .command('export')
    .argument('<resident>', 'number of the resident', wholeNumber)
    .description('everything on record about one person')
    .option('--json-file <file>', 'for machines')
    .option('--pdf <file>', 'to hand over')
    .option('--language <language>', 'of the PDF: id or en', 'id')
    .option('--json', 'the result as one JSON line')
    .action((resident: number, options: { jsonFile?: string; pdf?: string; language?: string; json?: boolean }) =>
      withApp('person', {}, options, async (app, output) =>
        (await import('./cli/person.ts')).personExportCommand(app, output, { resident, ...options }),
      ),
    )
  people
    .command('erase')
    .argument('<resident>', 'number of the resident', wholeNumber)
    .description('on request; the counts of past years stay')
    .requiredOption('--by <name>', 'the officer')
    .requiredOption('--reason <text>', 'in the words of the request')
    .option('--force', 'although a case is open or a permit still runs')
    .option('--json', 'the result as one JSON line')
    .action((resident: number, options: { by: string; reason: string; force?: boolean; json?: boolean }) =>
      withApp('person', {}, options, async (app, output) =>
        (await import('./cli/person.ts')).personEraseCommand(app, output, {
          resident,
          by: options.by,
          reason: options.reason,
          force: options.force === true,
        }),
      ),
    )

  program
    .command('affected')
    .description('whose data was touched, for the letter after a breach')
    .requiredOption('--from <date>', 'first day, YYYY-MM-DD')
    .requiredOption('--to <date>', 'last day, YYYY-MM-DD')
    .option('--officer <name>', 'only what this account did')
    .option('--everybody', 'what was stolen held everything')
    .option('--csv <file>', 'names and addresses for the letter')
    .option(...oneOffice())
    .option('--json', 'the result as one JSON line')
    .action(
      (options: {
        from: string
        to: string
        officer?: string
        everybody?: boolean
        csv?: string
        office?: string
        json?: boolean
      }) =>
        withApp('affected', {}, options, async (app, output) =>
          (await import('./cli/affected.ts')).affectedCommand(app, output, options),
        ),
    )

  const keys = program.command('key').description('the keys that seal personal data')
  keys
    .command('create')
    .description('a new SECRET_KEY_FILE')
    .option('--json', 'the result as one JSON line')
    .action(async (options: { json?: boolean }) => {
      const { config } = load({ keys: false })
      code = (await import('./cli/key.ts')).keyCreateCommand(
        outputOf(options),
        config.secretKeyFile,
        dateAt(systemClock.now(), 'Asia/Jakarta'),
      )
    })

  keys
    .command('rotate')
    .description('a new key; everything is sealed anew while the daemon runs')
    .option('--key-only', 'only the new line: it must reach every machine before anything is sealed with it')
    .option('--drop-old', 'take the older keys away, once nothing needs them')
    .option('--json', 'the result as one JSON line')
    .action((options: { keyOnly?: boolean; dropOld?: boolean; json?: boolean }) =>
      withApp('key', {}, options, async (app, output) =>
        (await import('./cli/key.ts')).keyRotateCommand(app, output, {
          keyOnly: options.keyOnly === true,
          dropOld: options.dropOld === true,
        }),
      ),
    )

  try {
    await program.parseAsync([...argv], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    return failed(error)
  }
}

/** For commands that look at one office; of several the home office's unless told. */
function oneOffice(): [flags: string, description: string] {
  return ['--office <code>', 'of which office, where there are several']
}

function wholeNumber(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError('a whole number is needed')
  return Number(text)
}

function dayCount(text: string): number {
  const days = wholeNumber(text)
  if (days < 1 || days > 366) throw new InvalidArgumentError('a number of days from 1 to 366 is needed')
  return days
}

if (import.meta.main) {
  endOnCrash()
  const stopping = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      // Asked twice: whoever asks does not want to wait for the call in flight.
      if (stopping.signal.aborted) process.exit(1)
      stopping.abort()
    })
  }
  process.exitCode = await main(process.argv.slice(2), process.env, stopping.signal)
}
