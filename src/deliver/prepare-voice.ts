import { and, asc, eq, gt, gte, inArray, isNull, lte, or } from 'drizzle-orm'
import PQueue from 'p-queue'
import type { Made } from '../compose/voice-notes.ts'
import { type CallWord, callScript, type NoticeFacts, voiceScript } from '../compose/words.ts'
import { clearAlarm, raiseAlarm } from '../db/alarms.ts'
import type { Tx } from '../db/open.ts'
import type { Channel } from '../lib/office.ts'
import { loadNotices } from './facts.ts'
import { tryNextChannel } from './next-delivery.ts'
import { type DeliverDeps, todayOf } from './settings.ts'
import { whyNot } from './still-due.ts'
import { factsFor } from './words.ts'

/** Why a call is claimed without a note. */
export const NOBODY = 'nobody'
const PAGE = 500
const AHEAD_MS = 24 * 3_600_000
const CALL_WORDS: CallWord[] = ['greeting', 'prompt', 'repeat', 'thanks', 'goodbye']
const CHANNELS: Channel[] = ['call', 'sms', 'whatsapp']
/** What callers hear for whom there is no note. */
const OFFICE_LANGUAGES = ['id', 'en']

type Row = {
  id: number
  office_code: string
  channel: Channel
  language: string
  phone_index: string
  reason: string | null
}

/** Deliveries that one recording serves. */
type Group = { deps: DeliverDeps; language: string; facts: NoticeFacts; rows: Row[] }

/**
 * Makes the voice notes of what is queued for the coming day, and the sentences around them for calls. One note serves all
 * to whom the same words apply. Where no engine could speak, a call gives way to the next channel; text goes on without.
 * Once `enough` says so nothing new is begun; the next round finds what was made and goes on from there.
 */
export async function prepareVoiceNotes(
  deps: DeliverDeps,
  enough: () => boolean = () => false,
): Promise<{ prepared: number; failed: number }> {
  const at = { now: deps.clock.now(), today: todayOf(deps) }
  const made = new Map<string, Made>()
  const result = { prepared: 0, failed: 0 }
  for await (const page of pagesWithoutNote(deps, at.now)) {
    if (enough()) break
    const { groups, nobody } = await groupsOf(deps, page, at.today)
    // Once for the whole round: a failing engine is not asked again for each page.
    const unmade = [...groups].filter(([key]) => !made.has(key))
    await inParallel(deps, unmade, async ([key, { deps, language, facts }]) => {
      if (!enough()) {
        made.set(key, await deps.voiceNotes.ensure(language, (template) => voiceScript(template, facts), at))
      }
    })
    const ready = [...groups].filter(([key]) => made.has(key))
    const called = ready.filter(([, { rows }]) => rows.some((row) => row.channel === 'call'))
    // A call that has its note may be claimed at once: its sentences come first.
    const voices = Map.groupBy(called, ([, group]) => group.deps.voiceNotes)
    let complete = true
    for (const notes of new Set([deps.voiceNotes, ...voices.keys()])) {
      const languages = new Set(voices.get(notes)?.map(([, { language }]) => language))
      complete &&= await prepareSentences(notes, languages, at, enough)
    }
    if (!complete) break
    await deps.db.write(async (tx) => {
      const silent = new Map<string, Row[]>()
      for (const [key, { rows }] of ready) {
        const one = made.get(key)!
        if (one.ok) await giveNote(tx, rows, one.note.id, at.now)
        else silent.set(one.failed.reason, [...(silent.get(one.failed.reason) ?? []), ...rows])
      }
      for (const [reason, rows] of silent) await goOnWithout(tx, deps, rows, reason, at)
      await letGo(tx, nobody)
    })
    for (const [key, { rows }] of ready) result[made.get(key)!.ok ? 'prepared' : 'failed'] += rows.length
  }
  if (made.size > 0) await report(deps, [...made.values()], at.now)
  return result
}

type At = { now: number; today: ReturnType<typeof todayOf> }

/** Along the queue's own index, so that a long queue is walked once and not once for each page. */
async function* pagesWithoutNote({ db }: DeliverDeps, now: number): AsyncGenerator<Row[]> {
  const { deliveries } = db.t
  for (const channel of CHANNELS) {
    for (let after = { notBefore: -1, id: 0 }; ; ) {
      const page = await db.read
        .select({
          id: deliveries.id,
          office_code: deliveries.office_code,
          channel: deliveries.channel,
          language: deliveries.language,
          phone_index: deliveries.phone_index,
          reason: deliveries.reason,
          notBefore: deliveries.not_before,
        })
        .from(deliveries)
        .where(
          and(
            eq(deliveries.state, 'queued'),
            eq(deliveries.channel, channel),
            isNull(deliveries.voice_note_id),
            lte(deliveries.not_before, now + AHEAD_MS),
            gte(deliveries.not_before, after.notBefore),
            or(gt(deliveries.not_before, after.notBefore), gt(deliveries.id, after.id)),
          ),
        )
        .orderBy(asc(deliveries.not_before), asc(deliveries.id))
        .limit(PAGE)
      if (page.length > 0) yield page
      if (page.length < PAGE) break
      after = page.at(-1)!
    }
  }
}

/** `nobody`: rows with nothing left to tell, which need no note. */
async function groupsOf(
  deps: DeliverDeps,
  page: Row[],
  today: At['today'],
): Promise<{ groups: Map<string, Group>; nobody: Row[] }> {
  const ids = page.map((row) => row.id)
  const notices = Map.groupBy(await loadNotices(deps.db.read, ids, today), (one) => one.deliveryId)
  const groups = new Map<string, Group>()
  const nobody: Row[] = []
  for (const row of page) {
    const told = (notices.get(row.id) ?? []).filter((notice) => {
      const reason = whyNot(notice, { phoneIndex: row.phone_index, attempts: 0, today })
      return reason === null || reason === 'corrected'
    })
    if (told.length === 0) {
      nobody.push(row)
      continue
    }
    const ofRow = deps.at(row.office_code)
    const facts = factsFor(ofRow, told, '', today)
    const { expiresOn, lastFilingDay, comeOn, late, extend, overstay } = facts
    const key = [row.office_code, row.language, expiresOn, lastFilingDay, comeOn, late, extend, overstay].join(' ')
    const group = groups.get(key)
    if (group) group.rows.push(row)
    else groups.set(key, { deps: ofRow, language: row.language, facts, rows: [row] })
  }
  return { groups, nobody }
}

/** A call is claimed once its note is made; without anybody to tell it must be claimed too, to be cancelled with its reason. */
async function letGo(tx: Tx, nobody: Row[]): Promise<void> {
  const { deliveries } = tx.t
  const calls = nobody.filter((row) => row.channel === 'call' && row.reason !== NOBODY).map((row) => row.id)
  if (calls.length === 0) return
  await tx
    .update(deliveries)
    .set({ reason: NOBODY })
    .where(and(inArray(deliveries.id, calls), eq(deliveries.state, 'queued')))
}

async function giveNote(tx: Tx, rows: Row[], noteId: number, now: number): Promise<void> {
  const { deliveries } = tx.t
  await tx
    .update(deliveries)
    .set({ voice_note_id: noteId })
    .where(and(inArray(deliveries.id, idsOf(rows)), isNull(deliveries.voice_note_id)))
  const waiting = rows.filter((row) => row.reason === 'needs-voice')
  if (waiting.length === 0) return
  await tx
    .update(deliveries)
    .set({ not_before: now })
    .where(and(inArray(deliveries.id, idsOf(waiting)), eq(deliveries.reason, 'needs-voice')))
}

/** A call without a note is none: the next channel, if any; the text and the next stage remain. */
async function goOnWithout(tx: Tx, deps: DeliverDeps, rows: Row[], reason: string, at: At): Promise<void> {
  const { deliveries } = tx.t
  const calls = rows.filter((row) => row.channel === 'call')
  if (calls.length === 0) return
  const moved = await tx
    .update(deliveries)
    .set({ state: 'exhausted', reason: `speech:${reason}`, state_since: at.now })
    .where(and(inArray(deliveries.id, idsOf(calls)), eq(deliveries.state, 'queued')))
    .returning({ id: deliveries.id })
  for (const { id } of moved) await tryNextChannel(tx, deps, { deliveryId: id, ...at })
}

function idsOf(rows: Row[]): number[] {
  return rows.map((row) => row.id)
}

/** The operator learns of a failing engine, and once the preferred one has spoken again, that it works. */
async function report(deps: DeliverDeps, made: Made[], now: number): Promise<void> {
  const failed = made.find((one) => one.failed)?.failed
  const spoke = made.some((one) => one.ok && one.fresh)
  if (!failed && !spoke) return
  await deps.db.write(async (tx) => {
    if (failed) await raiseAlarm(tx, { kind: 'speech', detail: `${failed.engine}:${failed.reason}`, now })
    else await clearAlarm(tx, { kind: 'speech', now })
  })
}

/** False when it was cut short. */
async function prepareSentences(
  voiceNotes: DeliverDeps['voiceNotes'],
  languages: ReadonlySet<string>,
  at: At,
  enough: () => boolean,
): Promise<boolean> {
  const wanted = [
    ...OFFICE_LANGUAGES.map((language) => [language, 'office'] as const),
    ...[...languages].flatMap((language) => CALL_WORDS.map((word) => [language, word] as const)),
  ]
  let complete = true
  await inParallel({ voiceNotes }, wanted, async ([language, word]) => {
    if (enough()) complete = false
    else await voiceNotes.ensure(language, (template) => callScript(template, word), at)
  })
  return complete
}

/** As many at a time as there are threads that speak. */
async function inParallel<Item>(
  { voiceNotes }: Pick<DeliverDeps, 'voiceNotes'>,
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = new PQueue({ concurrency: voiceNotes.threads })
  await queue.addAll(items.map((item) => () => work(item)))
}
