import { and, asc, eq, gt, inArray, isNull, lte } from 'drizzle-orm'
import { type CallWord, callScript, voiceScript } from '../compose/words.ts'
import { raiseAlarm } from '../db/alarms.ts'
import { templateFor } from '../compose/template.ts'
import { loadNotices } from './facts.ts'
import { tryNextChannel } from './next-delivery.ts'
import { type DeliverDeps, todayOf } from './settings.ts'
import { whyNot } from './still-due.ts'
import { factsFor } from './words.ts'

const PAGE = 200
const AHEAD_MS = 24 * 3_600_000
const CALL_WORDS: CallWord[] = ['greeting', 'prompt', 'repeat', 'thanks', 'goodbye']

/**
 * Makes the voice notes of what is queued for the coming day, and the sentences around them for calls. One note serves all
 * to whom the same words apply. Where no engine could speak, a call gives way to the next channel; text goes on without.
 */
export async function prepareVoiceNotes(deps: DeliverDeps): Promise<{ prepared: number; failed: number }> {
  const { deliveries } = deps.db.t
  const now = deps.clock.now()
  const today = todayOf(deps)
  const result = { prepared: 0, failed: 0 }
  let after = 0
  const callLanguages = new Set<string>()
  for (;;) {
    const page = await deps.db.read
      .select({ id: deliveries.id, channel: deliveries.channel, language: deliveries.language, phone_index: deliveries.phone_index })
      .from(deliveries)
      .where(
        and(
          eq(deliveries.state, 'queued'),
          isNull(deliveries.voice_note_id),
          lte(deliveries.not_before, now + AHEAD_MS),
          gt(deliveries.id, after),
        ),
      )
      .orderBy(asc(deliveries.id))
      .limit(PAGE)
    if (page.length === 0) break
    after = page.at(-1)!.id
    const notices = Map.groupBy(await loadNotices(deps.db.read, page.map((row) => row.id), today), (one) => one.deliveryId)
    for (const row of page) {
      const told = (notices.get(row.id) ?? []).filter((notice) => {
        const reason = whyNot(notice, { phoneIndex: row.phone_index, attempts: 0, today })
        return reason === null || reason === 'corrected'
      })
      if (told.length === 0) continue
      const facts = factsFor(deps, told, '', today)
      const made = await deps.voiceNotes.ensure(row.language, (template) => voiceScript(template, facts), { now, today })
      if (row.channel === 'call') callLanguages.add(templateFor(deps.templates, row.language).template.language)
      if (made.ok) {
        result.prepared += 1
        await deps.db.write(async (tx) => {
          await tx
            .update(tx.t.deliveries)
            .set({ voice_note_id: made.note.id })
            .where(and(eq(tx.t.deliveries.id, row.id), isNull(tx.t.deliveries.voice_note_id)))
          await tx
            .update(tx.t.deliveries)
            .set({ not_before: now })
            .where(
              and(
                eq(tx.t.deliveries.id, row.id),
                eq(tx.t.deliveries.state, 'queued'),
                eq(tx.t.deliveries.reason, 'needs-voice'),
              ),
            )
        })
      } else {
        result.failed += 1
        await withoutVoice(deps, row, made.reason, now)
      }
    }
    if (page.length < PAGE) break
  }
  for (const language of callLanguages) {
    for (const word of CALL_WORDS) {
      await deps.voiceNotes.ensure(language, (template) => callScript(template, word), { now, today })
    }
  }
  return result
}

async function withoutVoice(
  deps: DeliverDeps,
  row: { id: number; channel: string },
  reason: string,
  now: number,
): Promise<void> {
  await deps.db.write(async (tx) => {
    await raiseAlarm(tx, { kind: 'speech', detail: reason, now })
    if (row.channel !== 'call') return
    const moved = await tx
      .update(tx.t.deliveries)
      .set({ state: 'exhausted', reason: `speech:${reason}`, state_since: now })
      .where(and(eq(tx.t.deliveries.id, row.id), inArray(tx.t.deliveries.state, ['queued'])))
      .returning({ id: tx.t.deliveries.id })
    if (moved.length > 0) await tryNextChannel(tx, deps, { deliveryId: row.id, now, today: todayOf(deps) })
  })
}
