import type { App } from '../app.ts'
import { type AuditVerdict, verifyAudit } from '../console/audit.ts'
import { AppError } from '../lib/errors.ts'
import type { ExitCode, Output } from './output.ts'

/** `audit verify`: walks the whole chain; exit code 1 when an entry was changed, put in or taken out. */
export async function auditVerifyCommand(
  app: App,
  output: Output,
  { head: kept }: { head?: string } = {},
): Promise<ExitCode> {
  if (kept !== undefined && !/^[0-9a-f]{64}$/.test(kept)) {
    throw new AppError('usage', `--head ${kept} is no hash of the audit; allowed: 64 hexadecimal digits`)
  }
  const verdict = await verifyAudit(app.db.read, kept === undefined ? {} : { kept })
  if (verdict.ok) {
    output.line(`whole: ${verdict.entries} entries, the newest hash is ${verdict.head}`)
    if (kept === undefined)
      output.line('Whoever rewrote all of it shows only against a hash kept elsewhere: --head HASH.')
    output.result({ ok: true, entries: verdict.entries, head: verdict.head })
    return 0
  }
  output.line(faultOf(verdict))
  output.result({
    ok: false,
    entries: verdict.entries,
    broken_at: verdict.brokenAt,
    rewritten: verdict.rewritten === true,
  })
  return 1
}

function faultOf({ brokenAt, entries, rewritten }: Extract<AuditVerdict, { ok: false }>): string {
  if (brokenAt !== null) return `broken: entry ${brokenAt} was changed or put in, or the one before it is missing`
  if (rewritten) return 'rewritten: the chain is whole, but no entry has the hash that was kept'
  return `broken: the newest entries are missing after the first ${entries}`
}
