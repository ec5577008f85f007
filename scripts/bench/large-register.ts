import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { writeSampleCsv } from '../../src/register/sample.ts'
import { runChild } from './child.ts'
import { TODAY } from './ground.ts'
import { type BenchOptions, sizeFor } from './line.ts'

export type Imported = { seconds: number; rows: number; rss_mb: number }

export type LargeRegister = {
  residents: number
  /** The file that came in. */
  csv: string
  /** Holds `tenggat.db` and `secret.key`: the register, imported on TODAY, and nothing else yet. */
  folder: string
  imported: Imported
}

/** How many residents the large register has in this run. */
export function largeSize(options: BenchOptions): number {
  return options.rows ?? sizeFor(options, { full: 200_000, quick: 4_000, tiny: 150 })
}

/** The large register on SQLite, made once per run, by the program's own import. */
export async function largeRegister(options: BenchOptions): Promise<LargeRegister> {
  return registerOf(options, largeSize(options))
}

/** Such a register of another size. */
export async function registerOf(options: BenchOptions, residents: number): Promise<LargeRegister> {
  const csv = sampleFile(options, residents)
  const folder = join(options.folder, `register-${residents}`)
  const known = made.get(folder)
  if (known) return known
  if (!existsSync(join(folder, 'tenggat.db'))) {
    mkdirSync(folder, { recursive: true })
    options.tell(`  importing ${residents} residents`)
    const imported = await runChild<Imported>('import-child.ts', { what: 'import', folder, csv })
    const register = { residents, csv, folder, imported }
    made.set(folder, register)
    return register
  }
  const register = { residents, csv, folder, imported: { seconds: Number.NaN, rows: residents, rss_mb: Number.NaN } }
  made.set(folder, register)
  return register
}

const made = new Map<string, LargeRegister>()

/** Invented people in the columns and dates of an office; the same seed gives the same file. */
export function sampleFile({ folder, seed, tell }: BenchOptions, residents: number): string {
  const file = join(folder, `register-${residents}.csv`)
  if (existsSync(file)) return file
  tell(`  writing a register of ${residents} residents`)
  writeSampleCsv(`${file}.part`, { today: TODAY, residents, seed })
  renameSync(`${file}.part`, file)
  return file
}
