import type { App } from '../app.ts'
import { AppError } from '../lib/errors.ts'
import { closeCase, noteOnCase, reopenCase } from '../overstay/case-actions.ts'
import { CASE_OUTCOMES, type CaseOutcome } from '../overstay/case-rules.ts'
import type { ExitCode, Output } from './output.ts'

/** `case close|reopen|note ID`: what an officer decided, by name. */
export async function caseCommand(
  app: App,
  output: Output,
  action: 'close' | 'reopen' | 'note',
  options: { id: number; by: string; outcome?: string; note?: string },
): Promise<ExitCode> {
  const deps = { db: app.db, now: app.clock.now(), today: app.today() }
  const about = { caseId: options.id, by: options.by, ...(options.note === undefined ? {} : { note: options.note }) }
  if (action === 'close') await closeCase(deps, { ...about, outcome: outcomeOption(options.outcome) })
  if (action === 'reopen') await reopenCase(deps, about)
  if (action === 'note') await noteOnCase(deps, { ...about, text: noteOption(options.note) })
  output.line(`case ${options.id}: ${action} by ${options.by}`)
  output.result({ case: options.id, action, by: options.by })
  return 0
}

function outcomeOption(text: string | undefined): CaseOutcome {
  const found = CASE_OUTCOMES.find((outcome) => outcome === text)
  if (!found) throw new AppError('usage', `--outcome ${text ?? ''} is unknown; allowed: ${CASE_OUTCOMES.join(', ')}`)
  return found
}

function noteOption(text: string | undefined): string {
  if (!text) throw new AppError('usage', '--note TEXT is missing')
  return text
}
