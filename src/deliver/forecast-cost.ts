import { and, asc, eq, gt, inArray } from 'drizzle-orm'
import { factsOf } from '../compose/facts.ts'
import { type Templates, templateFor } from '../compose/template.ts'
import { noteRequest, type Speak } from '../compose/voice-notes.ts'
import { callScript, type NoticeFacts, smsWords, voiceScript } from '../compose/words.ts'
import { inOffices } from '../db/of-office.ts'
import type { Reader } from '../db/open.ts'
import type { Vault } from '../db/seal.ts'
import { type CivilDate, dateAt } from '../lib/civil-date.ts'
import type { Channel } from '../lib/office.ts'
import type { Offices } from '../lib/offices.ts'
import { type ForecastDeps, type ForecastRow, forecastDeliveries, type Visit } from '../scan/forecast.ts'
import { begunMinutes, costOf, destinationOf, type Usage } from './cost.ts'
import { loadNotices } from './facts.ts'
import { whyNot } from './still-due.ts'
import { factsFor, linkOf } from './words.ts'

export type CostDeps = {
  read: Reader
  vault: Pick<Vault, 'blind'>
  /** One or several; nobody of another is counted. Prices are the home office's. */
  offices: Offices
  templatesOf(officeCode: string): Templates
  languageOf: ForecastDeps['languageOf']
  /** Its length counts in every SMS. */
  publicBaseUrl: string
  /** Awaited between two pages of permits. */
  rest?: ForecastDeps['rest']
}

/** What goes out on one day for one stage in one language by one channel. */
export type CostedRow = {
  on: CivilDate
  stage: number
  language: string
  channel: Channel
  notices: number
  deliveries: number
  segments: number
  callMinutes: number
  cost: number
}

const PAGE = 200
/** As long as the real one: 128 bits in base64url. */
const SOME_TOKEN = 'x'.repeat(22)
/** Speech runs at about this many characters a second; the second for scripts in which one character is a syllable or a word. */
const LETTERS_PER_SECOND = 13
const SYLLABLES_PER_SECOND = 4.5

/**
 * What waits in the queue and what the scans of `days` days from `today` on would add, with segments, minutes and cost at the office's
 * own prices. The most that can come: retries apart, it holds if nobody renews, leaves or answers.
 */
export async function forecastCost(
  deps: CostDeps,
  { today, days, now, visit }: { today: CivilDate; days: number; now: number; visit?: Visit },
): Promise<CostedRow[]> {
  const costs = new Costs(deps)
  await addQueued(deps, costs, { today, now })
  const planned = await forecastDeliveries(
    { ...deps, destinationOf: (channel, number) => destinationOf(deps.offices.home, channel, number) },
    { today, days, visit },
  )
  for (const row of planned) await costs.add(row, factsOfRow(deps, row))
  return costs.rows()
}

function factsOfRow(deps: CostDeps, row: ForecastRow): NoticeFacts {
  const { officeCode, expiresOn, kind, planStage } = row
  return factsOf({
    office: deps.offices.of(officeCode),
    told: [{ expiresOn, kind, planStage, reference: `${officeCode}-XXXX` }],
    role: row.role,
    link: linkOf(deps.publicBaseUrl, SOME_TOKEN),
    today: row.on,
  })
}

/** Rows of earlier scans, retries among them, on the day on which they may start. */
async function addQueued(
  deps: CostDeps,
  costs: Costs,
  { today, now }: { today: CivilDate; now: number },
): Promise<void> {
  const { read, offices, publicBaseUrl } = deps
  const { deliveries } = read.t
  let after = 0
  for (;;) {
    const page = await read
      .select({
        id: deliveries.id,
        officeCode: deliveries.office_code,
        channel: deliveries.channel,
        language: deliveries.language,
        stage: deliveries.stage,
        phone: deliveries.phone,
        phoneIndex: deliveries.phone_index,
        attempts: deliveries.attempts,
        notBefore: deliveries.not_before,
      })
      .from(deliveries)
      .where(and(eq(deliveries.state, 'queued'), gt(deliveries.id, after), inOffices(deliveries.office_code, offices)))
      .orderBy(asc(deliveries.id))
      .limit(PAGE)
    if (page.length === 0) return
    after = page.at(-1)!.id
    const notices = Map.groupBy(
      await loadNotices(
        read,
        page.map((row) => row.id),
        today,
      ),
      (one) => one.deliveryId,
    )
    for (const row of page) {
      const office = offices.of(row.officeCode)
      const on = dateAt(Math.max(row.notBefore, now), office.timeZone)
      const told = (notices.get(row.id) ?? []).filter((notice) => {
        const reason = whyNot(notice, { phoneIndex: row.phoneIndex, attempts: row.attempts, today: on })
        return reason === null || reason === 'corrected'
      })
      if (told.length === 0) continue
      const destination = destinationOf(offices.home, row.channel, row.phone)
      await costs.add(
        {
          on,
          officeCode: row.officeCode,
          stage: row.stage,
          language: row.language,
          channel: row.channel,
          destination,
          notices: told.length,
          deliveries: 1,
        },
        factsFor({ office, publicBaseUrl }, told, SOME_TOKEN, on),
      )
    }
  }
}

type Sized = Pick<
  ForecastRow,
  'on' | 'officeCode' | 'stage' | 'language' | 'channel' | 'destination' | 'notices' | 'deliveries'
>

/** Composes each kind of message once and adds up what all of its kind take. */
class Costs {
  readonly #deps: CostDeps
  readonly #rows = new Map<string, CostedRow>()
  readonly #seconds = new Map<string, number>()

  constructor(deps: CostDeps) {
    this.#deps = deps
  }

  async add(sized: Sized, facts: NoticeFacts): Promise<void> {
    const { on, stage, language, channel, destination, notices, deliveries } = sized
    const templates = this.#deps.templatesOf(sized.officeCode)
    const usage = await this.#usage(templates, { channel, language, facts })
    const name = `${on} ${stage} ${language} ${channel}`
    const row = this.#rows.get(name) ?? { ...NOTHING, on, stage, language, channel }
    this.#rows.set(name, {
      ...row,
      notices: row.notices + notices,
      deliveries: row.deliveries + deliveries,
      segments: row.segments + deliveries * usage.segments,
      callMinutes: row.callMinutes + deliveries * begunMinutes(usage.seconds),
      cost: row.cost + deliveries * costOf(this.#deps.offices.home, channel, destination, usage),
    })
  }

  /** By day, then the largest stage first. */
  rows(): CostedRow[] {
    return [...this.#rows.values()].sort(
      (a, b) =>
        compare(a.on, b.on) || b.stage - a.stage || compare(a.language, b.language) || compare(a.channel, b.channel),
    )
  }

  async #usage(
    templates: Templates,
    { channel, language, facts }: { channel: Channel; language: string; facts: NoticeFacts },
  ): Promise<Usage> {
    const { template } = templateFor(templates, language)
    if (channel === 'sms') return { segments: smsWords(template, facts).segments, seconds: 0, messages: 0 }
    if (channel === 'whatsapp') return { segments: 0, seconds: 0, messages: 1 }
    const spoken: Speak[] = [
      (one) => callScript(one, 'greeting'),
      (one) => voiceScript(one, facts),
      (one) => callScript(one, 'prompt'),
      (one) => callScript(one, 'thanks'),
    ]
    let seconds = 0
    for (const speak of spoken) seconds += await this.#lengthOf(templates, language, speak)
    return { segments: 0, seconds, messages: 0 }
  }

  async #lengthOf(templates: Templates, language: string, speak: Speak): Promise<number> {
    const requests = (['google', 'espeak'] as const).flatMap(
      (engine) => noteRequest(templates, engine, language, speak) ?? [],
    )
    const texts = requests[0]?.parts.map((part) => part.script.text) ?? [
      speak(templateFor(templates, language).template).text,
    ]
    const keys = requests.map((request) => request.contentKey)
    const name = keys[0] ?? texts.join(' ')
    const seconds =
      this.#seconds.get(name) ??
      (await this.#recorded(keys)) ??
      texts.reduce((sum, text) => sum + spokenSeconds(text), 0)
    this.#seconds.set(name, seconds)
    return seconds
  }

  async #recorded(contentKeys: string[]): Promise<number | null> {
    const { voice_notes } = this.#deps.read.t
    if (contentKeys.length === 0) return null
    const [note] = await this.#deps.read
      .select({ milliseconds: voice_notes.milliseconds })
      .from(voice_notes)
      .where(inArray(voice_notes.content_key, contentKeys))
      .limit(1)
    return note ? note.milliseconds / 1_000 : null
  }
}

const NOTHING = { notices: 0, deliveries: 0, segments: 0, callMinutes: 0, cost: 0 }

/** For words that no voice has spoken yet. */
export function spokenSeconds(text: string): number {
  const syllables = text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu)?.length ?? 0
  return syllables / SYLLABLES_PER_SECOND + (text.length - syllables) / LETTERS_PER_SECOND
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
