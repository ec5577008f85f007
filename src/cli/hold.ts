import { eq } from 'drizzle-orm'
import type { App } from '../app.ts'
import type { HoldReason } from '../db/schema.ts'
import { AppError } from '../lib/errors.ts'
import { liftHold, setHold } from '../register/holds.ts'
import { dateOption } from './options.ts'
import type { ExitCode, Output } from './output.ts'

const REASONS: HoldReason[] = ['applied', 'left', 'refugee', 'diplomatic', 'died', 'naturalised', 'other']

/** `hold set RESIDENT --reason …`: no notices and no case for this resident from now on. */
export async function holdSetCommand(
  app: App,
  output: Output,
  options: { resident: number; reason: string; by: string; until?: string; note?: string },
): Promise<ExitCode> {
  const reason = REASONS.find((one) => one === options.reason)
  if (!reason) throw new AppError('usage', `--reason ${options.reason} is unknown; allowed: ${REASONS.join(', ')}`)
  const untilOn = options.until === undefined ? null : dateOption('--until', options.until)
  const { id } = await app.db.write(async (tx) => {
    const [known] = await tx
      .select({ id: tx.t.residents.id })
      .from(tx.t.residents)
      .where(eq(tx.t.residents.id, options.resident))
    if (!known) throw new AppError('not-found', `there is no resident ${options.resident}`)
    return setHold(tx, {
      residentId: options.resident,
      reason,
      note: options.note ?? null,
      setBy: options.by,
      untilOn,
      now: app.clock.now(),
    })
  })
  output.line(`hold ${id} set: ${reason}`)
  output.result({ hold: id, resident: options.resident, reason })
  return 0
}

/** `hold lift HOLD`: what it held back is due again. */
export async function holdLiftCommand(
  app: App,
  output: Output,
  options: { hold: number; by: string },
): Promise<ExitCode> {
  const lifted = await app.db.write((tx) =>
    liftHold(tx, { id: options.hold, liftedBy: options.by, now: app.clock.now() }),
  )
  if (!lifted) throw new AppError('not-found', `there is no hold ${options.hold} to lift`)
  output.line(`hold ${options.hold} lifted`)
  output.result({ hold: options.hold })
  return 0
}
