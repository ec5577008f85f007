import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asc, isNotNull } from 'drizzle-orm'
import { callScript, voiceScript } from '../../src/compose/words.ts'
import { loadNotices } from '../../src/deliver/facts.ts'
import { prepareVoiceNotes } from '../../src/deliver/prepare-voice.ts'
import { type DeliverDeps, todayOf } from '../../src/deliver/settings.ts'
import { factsFor } from '../../src/deliver/words.ts'
import { addDays } from '../../src/lib/civil-date.ts'
import { say, taskOf } from './child.ts'
import { openBench, TODAY } from './ground.ts'
import type { VoiceCounts, VoiceTask } from './voice.ts'

const LANGUAGES = 'ar bn de en fil fr hi id ja ko ms my nl pt ru ta th tr ur vi'.split(' ')
const KINDS = ['ITK', 'ITAS', 'ITAP', 'VOA']
const DAYS_LEFT = [12, 13, 14]
const SENTENCES = ['greeting', 'prompt', 'repeat', 'thanks', 'goodbye'] as const
const PAGE = 500

async function main({ folder, residents }: VoiceTask): Promise<void> {
  await using app = await openBench({ folder })
  const file = join(folder, 'register.csv')
  writeFileSync(file, csvOf(residents))
  await app.importFile({ file })
  await app.scan()
  await using delivery = await app.openDelivery()
  await prepareVoiceNotes(delivery.deps)
  const { reminders, texts } = await toldOf(delivery.deps)
  const counts: VoiceCounts = { reminders, texts: texts.size, syntheses: delivery.voiceNotes.counts.syntheses }
  say(counts)
}

/** Languages, kinds and last days in every mixture. */
function csvOf(residents: number): string {
  const head = 'register_no,full_name,nationality,phone,language,permit_no,permit_kind,issued_on,expires_on'
  const rows = Array.from({ length: residents }, (_, number) => {
    const language = LANGUAGES[number % LANGUAGES.length]!
    const kind = KINDS[Math.floor(number / LANGUAGES.length) % KINDS.length]!
    const left = DAYS_LEFT[Math.floor(number / LANGUAGES.length / KINDS.length) % DAYS_LEFT.length]!
    const phone = `+62811${String(number).padStart(7, '0')}`
    const dates = `${addDays(TODAY, -300)},${addDays(TODAY, left)}`
    return `R${number},Resident ${number},MY,${phone},${language},P${number},${kind},${dates}`
  })
  return [head, ...rows, ''].join('\n')
}

/** Everybody's words one by one, as if nobody had thought of saying them once for all. */
async function toldOf(deps: DeliverDeps): Promise<{ reminders: number; texts: Set<string> }> {
  const { deliveries } = deps.db.t
  const rows = await deps.db.read
    .select({
      id: deliveries.id,
      office: deliveries.office_code,
      language: deliveries.language,
      channel: deliveries.channel,
    })
    .from(deliveries)
    .where(isNotNull(deliveries.voice_note_id))
    .orderBy(asc(deliveries.id))
  const called = rows.filter(({ channel }) => channel === 'call')
  const today = todayOf(deps)
  const texts = new Set<string>()
  for (let from = 0; from < called.length; from += PAGE) {
    const page = called.slice(from, from + PAGE)
    const notices = Map.groupBy(
      await loadNotices(
        deps.db.read,
        page.map(({ id }) => id),
        today,
      ),
      ({ deliveryId }) => deliveryId,
    )
    for (const { id, office, language } of page) {
      const ofRow = deps.at(office)
      const facts = factsFor(ofRow, notices.get(id)!, '', today)
      texts.add(heard(ofRow, language, (template) => voiceScript(template, facts)))
      for (const word of SENTENCES) texts.add(heard(ofRow, language, (template) => callScript(template, word)))
    }
  }
  for (const language of ['id', 'en']) texts.add(heard(deps, language, (template) => callScript(template, 'office')))
  return { reminders: called.length, texts }
}

/** What the preferred engine would be given: voices and words. */
function heard(
  deps: DeliverDeps,
  language: string,
  speak: Parameters<DeliverDeps['voiceNotes']['requests']>[1],
): string {
  const [preferred] = deps.voiceNotes.requests(language, speak)
  return JSON.stringify(
    preferred?.parts.map(({ voice, script }) => [voice.engine, voice.name, script.text, script.ssml]),
  )
}

await main(taskOf<VoiceTask>())
