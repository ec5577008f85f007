/**
 * Asks the registry for known faults in what runs in production: npm run audit. Fails on high and critical ones, unless
 * docs/dependencies.md names them under "Exceptions of the audit" with a reason. A registry that does not answer
 * the question is said loudly and passes: the check must not depend on where it runs.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const SERIOUS = new Set(['high', 'critical'])
const root = join(import.meta.dirname, '..')
const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { cwd: root, encoding: 'utf8', timeout: 60_000 })
const report = parse(stdout ?? '')
if (!report?.vulnerabilities) {
  process.stderr.write(
    'NOT AUDITED: the registry did not say which faults are known. Run npm run audit where it does.\n',
  )
  process.exit(0)
}
const excused = readFileSync(join(root, 'docs', 'dependencies.md'), 'utf8').split('## Exceptions of the audit')[1] ?? ''
const faults = Object.values(report.vulnerabilities)
  .filter(({ severity }) => SERIOUS.has(severity))
  .flatMap(({ via, name }) =>
    via.filter((one) => typeof one === 'object').map(({ title, url }) => ({ name, title, url })),
  )
  .filter(({ url }) => !excused.includes(url))
for (const { name, title, url } of faults) process.stderr.write(`${name}: ${title} ${url}\n`)
process.stdout.write(faults.length === 0 ? 'no serious fault is known\n' : `${faults.length} serious faults\n`)
process.exit(faults.length === 0 ? 0 : 1)

type Report = {
  vulnerabilities?: Record<string, { name: string; severity: string; via: (string | { title: string; url: string })[] }>
}

function parse(text: string): Report | undefined {
  try {
    return JSON.parse(text) as Report
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
