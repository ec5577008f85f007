import type { App, Delivery } from '../app.ts'
import { cleanNotes } from '../compose/clean-notes.ts'
import { recordErasure } from '../ops/retention/record.ts'
import { type RetentionCounts, retentionPass } from '../ops/retention/retention.ts'

/** The duty: erases what the office's rules no longer allow to be kept. */
export function retentionDuty(
  { db, log, clock, offices, config, today }: App,
  { carrier }: Pick<Delivery, 'carrier'>,
): Promise<RetentionCounts | { rules: 0 }> {
  const { databaseFile, dataDir } = config
  return retentionPass({ db, log, offices, now: clock.now(), today: today(), databaseFile, dataDir, carrier })
}

/** Recordings that nobody needs any more, by the rule `audio`. */
export async function audioDuty(
  { db, clock, office, today }: App,
  { voiceNotes }: Pick<Delivery, 'voiceNotes'>,
): Promise<{ notes: number; files: number }> {
  const now = clock.now()
  const days = office.retention?.audio
  const cleaned = await cleanNotes({
    db,
    dir: voiceNotes.dir,
    now,
    today: today(),
    ...(days === undefined ? {} : { days }),
  })
  const basis = days === undefined ? 'by default' : `${days} days`
  await db.write((tx) => recordErasure(tx, { rule: 'audio', basis, rows: { voice_notes: cleaned.notes }, now }))
  return cleaned
}
