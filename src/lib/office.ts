import { join } from 'node:path'
import type { CivilDate, TimeOfDay } from './civil-date.ts'
import { keptReading } from './kept-reading.ts'
import type { OfficeFile } from './office-schema.ts'

export type Channel = 'sms' | 'call' | 'whatsapp'
/** What policy plans. `voice` becomes WhatsApp where the resident opted in, else a call. */
export type PlannedChannel = 'sms' | 'voice'
export type Role = 'resident' | 'sponsor'
export type Answer = 'understood' | 'applied' | 'leaving' | 'help'
export type Extend = 'yes' | 'ask' | 'no'
export type Level = 'verify' | 'summon' | 'field-check' | 'over-60'

export type StagePlan = { channels: PlannedChannel[]; to: Role[]; unless: Answer[] }

/** `lastStartMinutes`: nothing is begun in that many minutes before `to`. */
export type Span = { from: TimeOfDay; to: TimeOfDay; lastStartMinutes: number }
export type Rate = { perSecond: number; concurrency: number }
export type Holiday = { date: CivilDate; name: string; joint: boolean; confirmed: boolean }
export type HolidayYear = { year: number; confirmed: boolean; days: Holiday[] }
/** Longest matching prefix wins; `other` is always there. */
export type PricesByPrefix = Map<string, number>

/** Roles that must show a second factor, and how long a session of the console lives without a page and in all. */
export type SignInPolicy = {
  secondFactor: ('viewer' | 'officer' | 'supervisor' | 'admin')[]
  idleMs: number
  absoluteMs: number
}

export type Office = {
  /** Prefix of every reference, `BLT`. */
  code: string
  name: string
  /** At most 16 characters of the GSM 7-bit alphabet, for SMS. */
  shortName: string
  address: string
  /** As people read it. */
  phone: string
  phoneE164: string
  mapUrl: string
  website: string
  verifyUrl?: string
  timeZone: string
  /** 1 is Monday, 7 is Sunday; a weekday may stand twice. */
  hours: { weekday: number; from: TimeOfDay; to: TimeOfDay }[]
  /** The weekdays that have hours, ascending. */
  workingDays: number[]
  holidays: HolidayYear[]
  areas: { regencies: string[] }
  /** Days before expiry to plan, for every kind. */
  stages: Map<number, StagePlan>
  /** Added to, or instead of, `stages`. */
  kinds: Map<string, Map<number, StagePlan>>
  /** Days after expiry to channels. */
  overstay: Map<number, PlannedChannel[]>
  extend: Map<string, Extend>
  callAfterSmsMinutes: number
  window: Record<Channel, Span>
  sponsorLanguage: string
  /** Ascending, beginning with day 1. */
  levels: { name: Level; from: number }[]
  fee: { perDay: number; currency: string; basis: string }
  senders: Record<Channel, string>
  /** BCP 47 language to Twilio Content SID. */
  whatsappTemplates: Record<string, string>
  rates: Record<Channel, Rate>
  prices: { currency: string; smsSegment: PricesByPrefix; callMinute: PricesByPrefix; whatsappMessage: PricesByPrefix }
  /** In the currency of `prices`; never holds back the notice of stage 14. */
  budget: { monthly?: number }
  /** Days; without it nothing is erased by itself. */
  retention?: { messages: number; receipts: number; cases: number; residents: number; audio: number }
  console: SignInPolicy
  /** So many days and weeks of which the newest backup is kept. */
  backup: { daily: number; weekly: number }
  /** Who gets the morning's digest of a further office; that of the home office goes to DIGEST_TO. */
  digestTo: string[]
  /** Key paths of the file that the office has not yet filled in or checked. */
  unverified: string[]
}

const RULES = ['office-file.ts', 'office-schema.ts', 'civil-date.ts', 'smtp-url.ts', 'web-address.ts'].map((file) =>
  join(import.meta.dirname, file),
)

/**
 * Throws AppError('config') that names every fault in the file at once. With `base`, the office file of the program, `file`
 * is that of a further office and holds what differs.
 */
export async function loadOffice(file: string, { base }: { base?: string } = {}): Promise<Office> {
  const raw = await keptReading({
    name: 'office',
    files: base === undefined ? [file] : [file, base],
    rules: RULES,
    read: async () => (await import('./office-file.ts')).readOfficeFile(file, base),
  })
  return {
    code: raw.code,
    name: raw.name,
    shortName: raw.short_name,
    address: raw.address,
    phone: raw.phone,
    phoneE164: raw.phone_e164,
    mapUrl: raw.map_url,
    website: raw.website,
    ...(raw.verify_url !== undefined && { verifyUrl: raw.verify_url }),
    timeZone: raw.time_zone,
    hours: raw.hours.flatMap(({ days, from, to }) => days.map((weekday) => ({ weekday, from, to }))),
    workingDays: [...new Set(raw.hours.flatMap(({ days }) => days))].sort((a, b) => a - b),
    holidays: raw.holidays.map(holidayYear),
    areas: raw.areas,
    stages: raw.stages,
    kinds: new Map(Object.entries(raw.kinds)),
    overstay: raw.overstay,
    extend: new Map(Object.entries(raw.extend)),
    callAfterSmsMinutes: raw.call_after_sms_minutes,
    window: { sms: span(raw.window.sms), call: span(raw.window.call), whatsapp: span(raw.window.whatsapp) },
    sponsorLanguage: raw.sponsor_language,
    levels: raw.levels,
    fee: { perDay: raw.fee.per_day, currency: raw.fee.currency, basis: raw.fee.basis },
    senders: raw.senders,
    whatsappTemplates: raw.whatsapp_templates,
    rates: { sms: rate(raw.rates.sms), call: rate(raw.rates.call), whatsapp: rate(raw.rates.whatsapp) },
    prices: {
      currency: raw.prices.currency,
      smsSegment: new Map(Object.entries(raw.prices.sms_segment)),
      callMinute: new Map(Object.entries(raw.prices.call_minute)),
      whatsappMessage: new Map(Object.entries(raw.prices.whatsapp_message)),
    },
    budget: raw.budget.monthly === undefined ? {} : { monthly: raw.budget.monthly },
    ...(raw.retention !== undefined && { retention: raw.retention }),
    console: {
      secondFactor: raw.console.second_factor,
      idleMs: raw.console.idle_minutes * 60_000,
      absoluteMs: raw.console.absolute_hours * 3_600_000,
    },
    backup: { daily: raw.backup.keep_daily, weekly: raw.backup.keep_weekly },
    digestTo: raw.digest_to,
    unverified: raw.unverified,
  }
}

/** The plan written for this stage; -1 and -7 are the overstay notices. A stage the policy does not have is a defect. */
export function planFor(office: Office, kind: string, stage: number): StagePlan {
  if (stage < 0) {
    const channels = office.overstay.get(-stage)
    if (channels) return { channels, to: ['resident'], unless: [] }
  }
  const plan = office.kinds.get(kind)?.get(stage) ?? office.stages.get(stage)
  if (!plan) throw new RangeError(`the policy has no stage ${stage}`)
  return plan
}

/** Days before expiry at which this kind is told, largest first. A kind without rules of its own has the common ones. */
export function stagesFor(office: Office, kind: string): number[] {
  const stages = new Set([...office.stages.keys(), ...(office.kinds.get(kind)?.keys() ?? [])])
  return [...stages].sort((a, b) => b - a)
}

/** `known: false` is an `ask` because policy does not name the kind: it also wants a follow-up. */
export function extendFor(office: Office, kind: string): { extend: Extend; known: boolean } {
  const extend = office.extend.get(kind)
  return extend ? { extend, known: true } : { extend: 'ask', known: false }
}

/** The price for a number: that of the longest prefix it begins with, else `other`. */
export function priceFor(prices: PricesByPrefix, phoneE164: string): number {
  for (let length = phoneE164.length; length >= 2; length -= 1) {
    const price = prices.get(phoneE164.slice(0, length))
    if (price !== undefined) return price
  }
  return prices.get('other') ?? 0
}

function holidayYear({ year, confirmed, days }: OfficeFile['holidays'][number]): HolidayYear {
  return { year, confirmed, days: days.map((day) => ({ ...day, confirmed: day.confirmed ?? confirmed })) }
}

function span(raw: OfficeFile['window']['sms']): Span {
  return { from: raw.from, to: raw.to, lastStartMinutes: raw.last_start_minutes }
}

function rate(raw: OfficeFile['rates']['sms']): Rate {
  return { perSecond: raw.per_second, concurrency: raw.concurrency }
}
