import { createHash } from 'node:crypto'
import { and, inArray, sql } from 'drizzle-orm'
import type { Reader } from '../db/open.ts'
import type { Vault } from '../db/seal.ts'
import { addDays, type CivilDate } from '../lib/civil-date.ts'
import { type Channel, type Office, type Role, stagesFor } from '../lib/office.ts'
import type { Offices } from '../lib/offices.ts'
import type { PhoneNumber } from '../lib/phone.ts'
import { type Candidate, loadCandidates } from './candidates.ts'
import { type Decision, decide, type WantedDelivery } from './decide.ts'
import { withToldMarks } from './told-marks.ts'
import { permitsInSight } from './windows.ts'

/** Deliveries that have all of this in common: their words and price are the same. */
export type ForecastKey = {
  /** The day on which the scan creates them. */
  on: CivilDate
  officeCode: string
  stage: number
  planStage: number
  role: Role
  channel: Channel
  language: string
  kind: string
  expiresOn: CivilDate
  /** What the price depends on: the answer of `destinationOf`. */
  destination: string
}

/** `notices` counts who is told; several told on one phone, channel, language and day are one of `deliveries`. */
export type ForecastRow = ForecastKey & { deliveries: number; notices: number }

export type ForecastDeps = {
  read: Reader
  vault: Pick<Vault, 'blind'>
  /** One or several; nobody of another is counted. */
  offices: Offices
  languageOf: (person: { nationality: string; language: string | null; chosenLanguage: string | null }) => string
  destinationOf: (channel: Channel, number: PhoneNumber) => string
  /** Awaited before each page; by default other work of the process gets its turn. */
  rest?: (() => Promise<unknown>) | undefined
}

/** Small, for whoever waits for a page of the console has a turn after each. */
const PAGE = 50
const NEVER = '9999-12-31' as CivilDate

/**
 * What the scans of `days` days from `today` on would create, if the record stayed as it is: nobody renews, leaves or answers, so this is
 * the most that can come. Walks the permits page by page; beside the totals it keeps one number for each delivery.
 */
export async function forecastDeliveries(
  deps: ForecastDeps,
  { today, days, visit }: { today: CivilDate; days: number; visit?: Visit | undefined },
): Promise<ForecastRow[]> {
  const { read, vault, offices } = deps
  const last = addDays(today, days - 1)
  const here = new Set(offices.all.map(({ code }) => code))
  const totals = new Totals(deps.destinationOf)
  for await (const permitIds of permitsInSight(deps, { first: today, last, limit: PAGE })) {
    const candidates = await withToldMarks(read, vault, await loadCandidates(read, permitIds, today))
    const held = await heldUntil(read, candidates)
    for (const candidate of candidates) {
      // Went elsewhere since the page was read.
      if (!here.has(candidate.officeCode)) continue
      const until = candidate.held ? (held.get(candidate.residentId) ?? NEVER) : null
      const office = offices.of(candidate.officeCode)
      for (const told of simulate(candidate, { office, today, last, heldUntil: until, languageOf: deps.languageOf })) {
        totals.add(candidate, told)
        visit?.(candidate, told)
      }
    }
  }
  return totals.rows()
}

/** What one scan would create for one resident. Without anything wanted there is nobody to be told. */
export type Told = { on: CivilDate; stage: number; planStage: number; wanted: WantedDelivery[] }
/** Is shown everything that is counted, one after the other. */
export type Visit = (candidate: Candidate, told: Told) => void

/** Runs the scan's own decision over the days on which it can change; each notice it would create is there on the next. */
export function simulate(
  candidate: Candidate,
  options: {
    office: Office
    today: CivilDate
    last: CivilDate
    /** Last day of a live hold; null without one. */
    heldUntil: CivilDate | null
    languageOf: ForecastDeps['languageOf']
  },
): Told[] {
  const { office, today, last, heldUntil } = options
  const told: Told[] = []
  let state = candidate
  for (const on of turningDays(candidate, options)) {
    if (on < today || on > last) continue
    state = { ...state, held: heldUntil !== null && on <= heldUntil }
    const decision = decide(state, { office, today: on, languageOf: options.languageOf })
    if (decision.what === 'nothing') continue
    const stages = stagesOf(decision)
    told.push({ on, ...stages, wanted: decision.wanted })
    state = { ...state, notices: [...without(state, stages.stage), asTold(decision, stages.stage)] }
  }
  return told
}

/** Ascending, without doubles: today, the first day of each stage, the day after a hold. */
function turningDays(
  { kind, expiresOn }: Candidate,
  { office, today, heldUntil }: { office: Office; today: CivilDate; heldUntil: CivilDate | null },
): CivilDate[] {
  const days = [
    today,
    ...stagesFor(office, kind).map((stage) => addDays(expiresOn, -stage)),
    ...[...office.overstay.keys()].map((day) => addDays(expiresOn, day)),
    ...(heldUntil === null || heldUntil === NEVER ? [] : [addDays(heldUntil, 1)]),
  ]
  return [...new Set(days)].sort()
}

type Doing = Exclude<Decision, { what: 'nothing' }>

function stagesOf(decision: Doing): { stage: number; planStage: number } {
  if (decision.what === 'create') return { stage: decision.stage, planStage: decision.planStage }
  return { stage: decision.notice.stage, planStage: decision.notice.stage }
}

function without({ notices }: Candidate, stage: number): Candidate['notices'] {
  return notices.filter((notice) => notice.stage !== stage)
}

/** As the scan will find it: attempted, so never to be reopened; with nobody to tell it stays untold. */
function asTold({ wanted }: Doing, stage: number): Candidate['notices'][number] {
  const deliveries = wanted.map(({ role, channel }) => ({
    id: 0,
    role,
    channel,
    state: 'delivered',
    reason: null,
    attempts: 1,
  }))
  return { id: 0, stage, deliveries }
}

async function heldUntil(read: Reader, candidates: readonly Candidate[]): Promise<Map<number, CivilDate>> {
  const ids = candidates.filter(({ held }) => held).map(({ residentId }) => residentId)
  const until = new Map<number, CivilDate>()
  if (ids.length === 0) return until
  const { holds } = read.t
  const rows = await read
    .select({ residentId: holds.resident_id, untilOn: holds.until_on })
    .from(holds)
    .where(and(inArray(holds.resident_id, ids), sql`+${holds.lifted_at} is null`))
  for (const { residentId, untilOn } of rows) {
    const known = until.get(residentId)
    const end = untilOn ?? NEVER
    if (known === undefined || known < end) until.set(residentId, end)
  }
  return until
}

class Totals {
  readonly #destinationOf: ForecastDeps['destinationOf']
  readonly #rows = new Map<string, ForecastRow>()
  /** One short number for each delivery: who shares a phone on a day shares the message. */
  readonly #groups = new Map<CivilDate, Set<number>>()

  constructor(destinationOf: ForecastDeps['destinationOf']) {
    this.#destinationOf = destinationOf
  }

  add({ officeCode, kind, expiresOn }: Candidate, { on, stage, planStage, wanted }: Told): void {
    for (const { role, channel, phone, language } of wanted) {
      const destination = this.#destinationOf(channel, phone.number)
      const key = { on, officeCode, stage, planStage, role, channel, language, kind, expiresOn, destination }
      const name = Object.values(key).join(' ')
      const row = this.#rows.get(name) ?? { ...key, deliveries: 0, notices: 0 }
      this.#rows.set(name, row)
      row.notices += 1
      if (this.#isFirst(on, `${officeCode} ${phone.index} ${channel} ${language}`)) row.deliveries += 1
    }
  }

  rows(): ForecastRow[] {
    return [...this.#rows.values()].sort((a, b) => (a.on < b.on ? -1 : a.on > b.on ? 1 : b.stage - a.stage))
  }

  #isFirst(on: CivilDate, group: string): boolean {
    const groups = this.#groups.get(on) ?? new Set()
    this.#groups.set(on, groups)
    const size = groups.size
    return groups.add(shortOf(group)).size > size
  }
}

/** 48 bits: enough to tell the deliveries of one day apart. */
function shortOf(text: string): number {
  return createHash('sha256').update(text).digest().readUIntBE(0, 6)
}
