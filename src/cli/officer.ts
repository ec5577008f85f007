import type { App } from '../app.ts'
import { accountByName, addOfficer, disableOfficer, resetOfficer } from '../console/accounts.ts'
import { AppError } from '../lib/errors.ts'
import type { Office } from '../lib/office.ts'
import { officeOption } from './options.ts'
import type { ExitCode, Output } from './output.ts'

/** No office has four letters that mean everything. */
const HEADQUARTERS = 'ALL'

/**
 * `officer add|disable|reset NAME`: an account of the console. The one-time password is printed here and kept nowhere; no
 * password is ever an argument, where a list of processes would show it.
 */
export async function officerCommand(
  app: App,
  output: Output,
  given: {
    action: 'add' | 'disable' | 'reset'
    name: string
    role?: string
    regency?: string[]
    office?: string
  },
): Promise<ExitCode> {
  const { action, name } = given
  const doing = { db: app.db, now: app.wallClock.now() }
  const { office } = given
  const ofOffice = office === undefined ? {} : { officeCode: office === HEADQUARTERS ? null : office }
  const of = office ?? (action === 'reset' ? await officeOfAccount(app, name) : app.office.code)
  const known = officesNamed(app, of).flatMap(({ areas }) => areas.regencies)
  if (action === 'disable') {
    await disableOfficer(doing, name)
    output.line(`${name} can no longer sign in; every session has ended.`)
    output.result({ officer: name, disabled: true })
    return 0
  }
  if (action === 'add' && given.role === undefined) {
    throw new AppError('usage', '--role is missing; allowed: viewer, officer, supervisor, admin')
  }
  const access = { ...(given.role ? { role: given.role } : {}), ...(given.regency ? { regencies: given.regency } : {}) }
  const { id, password } =
    action === 'add'
      ? await addOfficer(doing, {
          name,
          role: given.role!,
          officeCode: app.office.code,
          ...ofOffice,
          regencies: given.regency ?? null,
          known,
        })
      : await resetOfficer(doing, { name, ...access, ...ofOffice, known })
  output.line(`One-time password of ${name}, good for 24 hours:`)
  output.line('')
  output.line(`    ${password}`)
  output.line('')
  output.line(`Sign in at ${app.config.consoleBaseUrl ?? addressOf(app)} and set your own.`)
  output.result({ officer: name, id, one_time_password: password })
  return 0
}

/** The home office's code where there is no such account. */
async function officeOfAccount(app: App, name: string): Promise<string> {
  const account = await accountByName(app.db.read, name)
  return account ? (account.office_code ?? HEADQUARTERS) : app.office.code
}

/** @throws AppError `usage` */
function officesNamed({ offices }: App, code: string): readonly Office[] {
  return code === HEADQUARTERS ? offices.all : [officeOption(offices, code, [HEADQUARTERS])]
}

function addressOf({ config }: App): string {
  const { host, port } = config.consoleListen
  return `${config.consoleTls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`
}
