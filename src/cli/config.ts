import { describeConfig, type Environment, loadConfig } from '../config.ts'
import { AppError } from '../lib/errors.ts'
import { loadOffices } from '../lib/offices.ts'
import { type ExitCode, type Output, table } from './output.ts'

/** `config`: what is in force, without secrets, and every fault at once. */
export async function configCommand(env: Environment, output: Output): Promise<ExitCode> {
  const values = describeConfig(env)
  for (const line of table(Object.entries(values))) output.line(line)
  const faults = await faultsOf(() => checked(env))
  for (const fault of faults) process.stderr.write(`${fault}\n`)
  output.result({ config: values, faults })
  return faults.length > 0 ? 2 : 0
}

async function checked(env: Environment): Promise<void> {
  const { config } = loadConfig(env, { carrier: true, keys: true })
  await loadOffices(config.officeFile)
}

async function faultsOf(check: () => Promise<void>): Promise<string[]> {
  try {
    await check()
    return []
  } catch (error) {
    if (error instanceof AppError) return error.message.split('\n')
    throw error
  }
}
