import { describeConfig, type Environment, loadConfig } from '../config.ts'
import { AppError } from '../lib/errors.ts'
import { loadOffices } from '../lib/offices.ts'
import { type ExitCode, type Output, table } from './output.ts'

/** `config`: what is in force, without secrets, and every fault at once. */
export function configCommand(env: Environment, output: Output): ExitCode {
  const values = describeConfig(env)
  for (const line of table(Object.entries(values))) output.line(line)
  const faults = [...faultsOf(() => checked(env))]
  for (const fault of faults) process.stderr.write(`${fault}\n`)
  output.result({ config: values, faults })
  return faults.length > 0 ? 2 : 0
}

function checked(env: Environment): void {
  const { config } = loadConfig(env, { carrier: true, keys: true })
  loadOffices(config.officeFile)
}

function faultsOf(check: () => void): string[] {
  try {
    check()
    return []
  } catch (error) {
    if (error instanceof AppError) return error.message.split('\n')
    throw error
  }
}
