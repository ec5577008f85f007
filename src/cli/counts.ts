import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import type { Reader } from '../db/open.ts'
import { openCases } from '../ops/figures.ts'

export type ByChannelAndState = Record<string, Record<string, number>>

export async function deliveriesByState(reader: Reader): Promise<ByChannelAndState> {
  const { deliveries } = reader.t
  const rows = await reader
    .select({ channel: deliveries.channel, state: deliveries.state, count: sql<number>`count(*)` })
    .from(deliveries)
    .groupBy(deliveries.channel, deliveries.state)
    .orderBy(asc(deliveries.channel), asc(deliveries.state))
  const counts: ByChannelAndState = {}
  for (const { channel, state, count } of rows) {
    counts[channel] = { ...counts[channel], [state]: Number(count) }
  }
  return counts
}

export async function openFollowUpsByKind(reader: Reader): Promise<Record<string, number>> {
  const { follow_ups } = reader.t
  const rows = await reader
    .select({ kind: follow_ups.kind, count: sql<number>`count(*)` })
    .from(follow_ups)
    .where(isNull(follow_ups.closed_at))
    .groupBy(follow_ups.kind)
    .orderBy(asc(follow_ups.kind))
  return Object.fromEntries(rows.map((row) => [row.kind, Number(row.count)]))
}

export async function openCasesByLevel(reader: Reader): Promise<Record<string, number>> {
  return Object.fromEntries((await openCases(reader)).map(({ level, count }) => [level, count]))
}

/** Languages in which something was told for certain. */
export async function languagesDelivered(reader: Reader, since: number): Promise<string[]> {
  const { deliveries } = reader.t
  const rows = await reader
    .selectDistinct({ language: deliveries.language })
    .from(deliveries)
    .where(and(sql`${deliveries.state} in ('delivered', 'read')`, sql`${deliveries.state_since} >= ${since}`))
    .orderBy(asc(deliveries.language))
  return rows.map((row) => row.language)
}

/** Attempts that reached the carrier or may have. */
export async function attemptCount(reader: Reader): Promise<number> {
  const { attempts } = reader.t
  return reader.$count(attempts, sql`${attempts.outcome} <> 'not-sent'`)
}

export async function voiceFigures(
  reader: Reader,
): Promise<{ notes: number; characters: number; reminders: number; characters_per_reminder: number }> {
  const { voice_notes, deliveries } = reader.t
  const [row] = await reader
    .select({ notes: sql<number>`count(*)`, characters: sql<number>`coalesce(sum(${voice_notes.characters}), 0)` })
    .from(voice_notes)
  const reminders = await reader.$count(
    deliveries,
    and(sql`${deliveries.voice_note_id} is not null`, sql`${deliveries.attempts} > 0`),
  )
  const characters = Number(row!.characters)
  return {
    notes: Number(row!.notes),
    characters,
    reminders,
    characters_per_reminder: reminders === 0 ? 0 : Math.round((characters / reminders) * 10) / 10,
  }
}

export async function residentCount(reader: Reader, officeCode: string): Promise<number> {
  const { residents } = reader.t
  return reader.$count(residents, eq(residents.office_code, officeCode))
}
