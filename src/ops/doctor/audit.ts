import type { AuditVerdict } from '../../console/audit.ts'
import { fault, type Trouble } from './finding.ts'

/** How many of the newest entries a quick look walks. */
export const QUICK_AUDIT = 5_000

export function judgeAudit(verdict: AuditVerdict): Trouble[] {
  if (verdict.ok) return []
  const wrong =
    verdict.brokenAt === null
      ? 'The newest entries of the audit are missing.'
      : `The chain of the audit is broken at entry ${verdict.brokenAt}: it was changed past the program.`
  return [
    fault(
      wrong,
      'Keep a copy of the database as it is, run scripts/tenggat audit verify, and ask who had access to the file.',
    ),
  ]
}
