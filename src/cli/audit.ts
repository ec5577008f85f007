import type { App } from '../app.ts'
import { verifyAudit } from '../console/audit.ts'
import type { ExitCode, Output } from './output.ts'

/** `audit verify`: walks the whole chain; exit code 1 when an entry was changed, put in or taken out. */
export async function auditVerifyCommand(app: App, output: Output): Promise<ExitCode> {
  const verdict = await verifyAudit(app.db.read)
  if (verdict.ok) {
    output.line(`whole: ${verdict.entries} entries, the newest hash is ${verdict.head}`)
    output.line('Compare it with the one in the last digest: who rewrote all of it would have another.')
    output.result({ ok: true, entries: verdict.entries, head: verdict.head })
    return 0
  }
  output.line(
    verdict.brokenAt === null
      ? `broken: the newest entries are missing after the first ${verdict.entries}`
      : `broken: entry ${verdict.brokenAt} was changed or put in, or the one before it is missing`,
  )
  output.result({ ok: false, entries: verdict.entries, broken_at: verdict.brokenAt })
  return 1
}
