import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
/** Every test that opens a database comes to it through this file. */
const OPENER = join(ROOT, 'src/db/testing.ts')

/** Those of the test files whose imports lead to a database. */
export function openingADatabase(tests: string[]): string[] {
  const known = new Map<string, string[]>()
  const importsOf = (file: string): string[] => {
    const found = known.get(file) ?? relativeImports(file)
    known.set(file, found)
    return found
  }
  const reaches = (file: string, seen: Set<string>): boolean => {
    if (file === OPENER) return true
    if (seen.has(file)) return false
    seen.add(file)
    return importsOf(file).some((imported) => reaches(imported, seen))
  }
  return globSync(tests, { cwd: ROOT }).filter((file) => reaches(join(ROOT, file), new Set()))
}

function relativeImports(file: string): string[] {
  const lines = readFileSync(file, 'utf8').matchAll(/^(?:import|export|}) .*?from '(\.[^']+\.ts)'$/gm)
  return [...lines].map(([, specifier]) => join(dirname(file), specifier!))
}
