import cliProgress from 'cli-progress'
import type { App } from '../app.ts'
import { AppError } from '../lib/errors.ts'
import type { ExitCode, Output } from './output.ts'

const SHOWN_REJECTS = 50

/** `import FILE`: the register of an office, `named` where there are several, comes in; rejected rows are named, the rest goes in. */
export async function importCommand(
  app: App,
  output: Output,
  { named = false, ...options }: { file: string; dryRun: boolean; force: boolean; named?: boolean },
): Promise<ExitCode> {
  const known = app.offices.all.map(({ code }) => code)
  if (!named && known.length > 1)
    throw new AppError('usage', `--office is missing: whose register is this? allowed: ${known.join(', ')}`)
  const bar =
    output.json || !process.stderr.isTTY
      ? undefined
      : new cliProgress.SingleBar({ format: 'import {bar} {percentage}%', hideCursor: true, stream: process.stderr })
  bar?.start(1_000, 0)
  const result = await app.importFile({ ...options, progress: (done) => bar?.update(done) }).finally(() => bar?.stop())
  const { rejects, ...counts } = result
  if (result.state === 'refused') output.line(`refused: ${result.reason ?? ''}`)
  else if (result.reason) output.line(`note: ${result.reason}`)
  output.line(
    `${result.state}: ${result.rows} rows; added ${result.added}, changed ${result.changed}, renewed ${result.renewed}, ` +
      `unchanged ${result.unchanged}, absent ${result.absent}, rejected ${result.rejected}`,
  )
  if (result.transferred > 0)
    output.line(`  ${result.transferred} residents come from another office, with their history`)
  if (result.differs > 0) {
    output.line(`  ${result.differs} values differ from what officers corrected; the corrections stand`)
  }
  for (const reject of rejects.slice(0, SHOWN_REJECTS)) {
    output.line(`  line ${reject.line}, ${reject.column}: ${JSON.stringify(reject.value)} ${reject.reason}`)
  }
  if (rejects.length > SHOWN_REJECTS) output.line(`  … and ${rejects.length - SHOWN_REJECTS} more`)
  output.result({ ...counts, rejects })
  if (result.state === 'refused') return 1
  return result.rejected > 0 ? 3 : 0
}
