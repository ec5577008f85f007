import { and, eq, inArray, max } from 'drizzle-orm'
import { clearAlarm, raiseAlarm } from '../db/alarms.ts'
import type { Db, Reader, Tx } from '../db/open.ts'
import type { MailOutcome } from './mail.ts'
import { afterOutcome, isAbandoned, type MailKind, type MailRow, mailTrouble, mayTry } from './mail-rules.ts'

export type Began = { about: string; attempts: number }

/** The rows of these mails, by what they are about. */
export async function mailRows(reader: Reader, abouts: readonly string[]): Promise<Map<string, MailRow>> {
  if (abouts.length === 0) return new Map()
  const { mails } = reader.t
  const rows = await reader
    .select({
      about: mails.about,
      state: mails.state,
      attempts: mails.attempts,
      not_before: mails.not_before,
      started_at: mails.started_at,
    })
    .from(mails)
    .where(inArray(mails.about, [...abouts]))
  return new Map(rows.map(({ about, ...row }) => [about, row]))
}

/**
 * Writes down that these are being sent, before any connection. Only what it gives back may be sent: the rest was sent,
 * waits, or is in other hands.
 */
export async function beginMails(
  tx: Tx,
  { kind, abouts, now }: { kind: MailKind; abouts: readonly string[]; now: number },
): Promise<Began[]> {
  const { mails } = tx.t
  const known = await mailRows(tx, abouts)
  const began: Began[] = []
  for (const about of abouts) {
    const row = known.get(about)
    if (!mayTry(kind, row, now)) continue
    const attempts = (row?.attempts ?? 0) + 1
    const sending = { state: 'sending' as const, attempts, not_before: now, started_at: now, finished_at: null }
    const taken = row
      ? await tx
          .update(mails)
          .set(sending)
          .where(and(eq(mails.about, about), eq(mails.state, row.state), eq(mails.attempts, row.attempts)))
          .returning({ id: mails.id })
      : await tx
          .insert(mails)
          .values({ kind, about, ...sending })
          .onConflictDoNothing()
          .returning({ id: mails.id })
    if (taken.length > 0) began.push({ about, attempts })
  }
  return began
}

/** Writes down how it ended, and raises or clears the alarm `mail`. */
export async function endMails(
  tx: Tx,
  { began, outcome, now }: { began: readonly Began[]; outcome: MailOutcome; now: number },
): Promise<void> {
  const { mails } = tx.t
  for (const { about, attempts } of began) {
    await tx
      .update(mails)
      .set(afterOutcome(outcome, { attempts, now }))
      .where(and(eq(mails.about, about), eq(mails.attempts, attempts), inArray(mails.state, ['sending', 'uncertain'])))
  }
  const [first] = began
  const detail = first && mailTrouble(outcome, first)
  if (detail) await raiseAlarm(tx, { kind: 'mail', detail, now })
  else if (outcome.state === 'sent') await clearAlarm(tx, { kind: 'mail', now })
}

/** What was being sent when its sender died is `uncertain` from now on; gives what those mails were about. */
export async function settleAbandoned(db: Db, now: number): Promise<string[]> {
  const { mails } = db.t
  const sending = await db.read
    .select({ id: mails.id, about: mails.about, state: mails.state, started_at: mails.started_at })
    .from(mails)
    .where(eq(mails.state, 'sending'))
  const ids = sending.filter((row) => isAbandoned(row, now)).map(({ id }) => id)
  if (ids.length === 0) return []
  return db.write(async (tx) => {
    const rows = await tx
      .update(mails)
      .set({ state: 'uncertain', answer: 'interrupted', finished_at: now, not_before: now })
      .where(and(inArray(mails.id, ids), eq(mails.state, 'sending')))
      .returning({ about: mails.about })
    const abouts = rows.map(({ about }) => about)
    const digest = abouts.find((about) => about.startsWith('digest:'))
    const detail = digest && mailTrouble({ state: 'uncertain', answer: 'interrupted' }, { about: digest, attempts: 1 })
    if (detail) await raiseAlarm(tx, { kind: 'mail', detail, now })
    return abouts
  })
}

/** Epoch ms at which the last mail of this kind that went out was begun; null when none ever did. */
export async function lastSentAt(
  reader: Reader,
  { kind, abouts }: { kind: MailKind; abouts?: readonly string[] },
): Promise<number | null> {
  const { mails } = reader.t
  const [row] = await reader
    .select({ at: max(mails.started_at) })
    .from(mails)
    .where(and(eq(mails.kind, kind), abouts && inArray(mails.about, [...abouts]), eq(mails.state, 'sent')))
  return row?.at ?? null
}
