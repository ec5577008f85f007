import type { Environment } from '../config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Finding } from '../ops/doctor/finding.ts'
import { type Doctoring, examineAll } from './doctor-checks.ts'
import type { ExitCode, Output } from './output.ts'

const SHOWN = { ok: 'ok', warn: 'WARN', fault: 'FAULT' } as const

/** `doctor`: looks at everything the program stands on and says what to mend. Changes nothing; ends with 1 when there is a fault. */
export async function doctorCommand(
  env: Environment,
  clock: Clock,
  output: Output,
  options: Partial<Doctoring> = {},
): Promise<ExitCode> {
  const findings = await examineAll({ ...options, env, clock })
  for (const finding of findings) for (const line of linesOf(finding)) output.line(line)
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length
  const faults = count('fault')
  const warnings = count('warn')
  output.line(faults + warnings === 0 ? 'all is well' : `${faults} to mend, ${warnings} to look at`)
  output.result({ ok: faults === 0, faults, warnings, findings })
  return faults === 0 ? 0 : 1
}

function linesOf({ check, level, wrong, mend }: Finding): string[] {
  const label = SHOWN[level].padEnd(6)
  if (wrong === null) return [`${label}${check}`]
  return [`${label}${check}: ${wrong}`, `      ${mend}`]
}
