import { z } from 'zod'
import { type CivilDate, civilDate, type TimeOfDay } from './civil-date.ts'
import { isMailAddress } from './smtp-url.ts'
import { isShortener } from './web-address.ts'

const text = z.string().trim().min(1, 'must be a text that is not empty')
const url = z
  .url({ protocol: /^https$/, error: 'must be an https:// address' })
  .refine((text) => !isShortener(new URL(text).hostname), {
    error: "must be the office's own address, not a link shortener",
  })
const e164 = z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be a number as "+62..." without spaces')
const currency = z.string().regex(/^[A-Z]{3}$/, 'must be a currency code such as IDR or USD')
const time = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'must be a time written "HH:MM"', abort: true })
  .transform((value) => value as TimeOfDay)
const date = z.string().transform((value, context): CivilDate => {
  try {
    return civilDate(value)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    context.addIssue({ code: 'custom', message: 'must be a real date written YYYY-MM-DD' })
    return z.NEVER
  }
})

const orderOfTimes = 'must open ("from") before it closes ("to")'
const plannedChannels = z.array(z.enum(['sms', 'voice'])).min(1, 'must name at least one of sms, voice')
const plan = keys({
  channels: plannedChannels,
  to: z.array(z.enum(['resident', 'sponsor'])).min(1, 'must name at least one of resident, sponsor'),
  unless: z.array(z.enum(['understood', 'applied', 'leaving', 'help'])).default([]),
})
const stages = numbered(plan, 1, 365)

const span = keys({ from: time, to: time, last_start_minutes: count(0, 120) }).refine(opensFirst, orderOfTimes)
const rate = keys({ per_second: z.number().positive().max(100), concurrency: count(1, 100) })

const hours = z
  .array(keys({ days: z.array(count(1, 7)).min(1), from: time, to: time }).refine(opensFirst, orderOfTimes))
  .min(1, 'must name at least one working day')

const holidayYear = keys({
  year: count(2000, 2200),
  confirmed: z.boolean(),
  days: z.array(keys({ date, name: text, joint: z.boolean().default(false), confirmed: z.boolean().optional() })),
}).superRefine(({ year, days }, context) => {
  for (const [index, day] of days.entries()) {
    const path = ['days', index, 'date']
    if (!day.date.startsWith(`${year}-`)) {
      context.addIssue({ code: 'custom', path, message: `must be a date in ${year}` })
    }
    if (days.findIndex((other) => other.date === day.date) < index) {
      context.addIssue({ code: 'custom', path, message: 'stands twice in this list; once is allowed' })
    }
  }
})
const holidays = z
  .array(holidayYear)
  .refine((years) => new Set(years.map(({ year }) => year)).size === years.length, 'must name each year once')

const levels = z
  .array(keys({ name: z.enum(['verify', 'summon', 'field-check', 'over-60']), from: count(1, 3650) }))
  .refine(
    (rows) => rows.map(({ name }) => name).join(' ') === 'verify summon field-check over-60',
    'must be verify, summon, field-check, over-60, each once and in this order',
  )
  .refine((rows) => rows[0]?.from === 1, 'must begin with day 1')
  .refine(
    (rows) => rows.every((row, index) => index === 0 || row.from > rows[index - 1]!.from),
    'must rise from level to level',
  )
  .refine((rows) => (rows.at(-1)?.from ?? 0) > 60, 'must not begin over-60 before day 61')

const pricesByPrefix = z
  .record(z.string().regex(/^(\+[1-9]\d{0,6}|other)$/, 'must be a prefix such as "+62", or other'), z.number().min(0))
  .refine((value) => 'other' in value, 'must have a price for "other"')

const signIn = keys({
  second_factor: z.array(z.enum(['viewer', 'officer', 'supervisor', 'admin'])).default(['supervisor', 'admin']),
  idle_minutes: count(5, 480).default(30),
  absolute_hours: count(1, 24).default(12),
}).refine(({ idle_minutes, absolute_hours }) => idle_minutes <= absolute_hours * 60, {
  error: 'must not be more than absolute_hours',
  path: ['idle_minutes'],
})

const kept = keys({ keep_daily: count(1, 366).default(14), keep_weekly: count(0, 520).default(8) })

/** The office file as an officer writes it: keys in snake_case, each message saying what is allowed. */
export const officeSchema = keys({
  code: z.string().regex(/^[A-Z]{2,4}$/, 'must be 2 to 4 capital letters'),
  name: text,
  // An apostrophe or a dash that is not in GSM 7-bit would make every SMS UCS-2: 70 characters instead of 160.
  short_name: z.string().regex(/^[A-Za-z0-9 .,&()/'-]{1,16}$/, "must be 1 to 16 of: A-Z a-z 0-9 space . , & ( ) / ' -"),
  address: text,
  phone: z.string().regex(/^[0-9 ()+-]{5,24}$/, 'must be digits, spaces, ( ) + -'),
  phone_e164: e164,
  map_url: url,
  website: url,
  verify_url: url.optional(),
  time_zone: z.string().refine(isTimeZone, 'must be a time zone such as Asia/Jakarta'),
  hours,
  areas: keys({ regencies: z.array(text).min(1) }),
  stages: stages.refine((value) => value.has(14), 'must have a stage 14, which the office has promised'),
  kinds: orWhenEmpty(z.record(text, stages), {}),
  overstay: numbered(plannedChannels, 1, 14),
  extend: z.record(text, z.enum(['yes', 'ask', 'no'])),
  call_after_sms_minutes: count(10, 240),
  window: keys({ sms: span, call: span, whatsapp: span }),
  sponsor_language: languageTag(),
  levels,
  fee: keys({ per_day: z.int().min(0), currency, basis: text }),
  holidays,
  senders: keys({
    sms: z
      .string()
      .regex(
        /^(?=.*[A-Za-z])[A-Za-z0-9 ]{2,11}$|^\+[1-9]\d{6,14}$/,
        'must be a name of 2 to 11 letters and digits, or "+..."',
      ),
    call: e164,
    whatsapp: e164,
  }),
  whatsapp_templates: orWhenEmpty(
    z.record(languageTag(), z.string().regex(/^HX[0-9a-f]{32}$/, 'must be a Content SID: HX and 32 of 0-9 a-f')),
    {},
  ),
  rates: keys({ sms: rate, call: rate, whatsapp: rate }),
  prices: keys({
    currency,
    sms_segment: pricesByPrefix,
    call_minute: pricesByPrefix,
    whatsapp_message: pricesByPrefix,
  }),
  budget: orWhenEmpty(keys({ monthly: z.number().positive().optional() }), {}),
  retention: keys({
    messages: count(1, 36500),
    receipts: count(1, 36500),
    cases: count(1, 36500).default(1825),
    residents: count(1, 36500),
    audio: count(1, 36500).default(120),
  }).optional(),
  console: orWhenEmpty(signIn, signIn.parse({})),
  backup: orWhenEmpty(kept, kept.parse({})),
  digest_to: orWhenEmpty(z.array(z.string().refine(isMailAddress, 'must be a mail address')), []),
  unverified: orWhenEmpty(z.array(text), []),
})

export type OfficeFile = z.output<typeof officeSchema>

function keys<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: ({ code }) => (code === 'unrecognized_keys' ? `allowed: ${Object.keys(shape).join(', ')}` : undefined),
  })
}

function count(least: number, most: number) {
  const error = `must be a whole number from ${least} to ${most}`
  return z.int(error).min(least, error).max(most, error)
}

function numbered<Value extends z.ZodType>(value: Value, least: number, most: number) {
  return z
    .record(
      z.string().refine((key) => /^\d{1,4}$/.test(key) && Number(key) >= least && Number(key) <= most, {
        error: `must be a whole number of days from ${least} to ${most}`,
      }),
      value,
    )
    .transform((entries) => new Map(Object.entries(entries).map(([key, entry]) => [Number(key), entry])))
}

function opensFirst(times: { from: TimeOfDay; to: TimeOfDay }): boolean {
  return times.from < times.to
}

function languageTag() {
  return z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a language such as id, en or zh-Hant')
}

function isTimeZone(value: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: value })
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** A key may be left out, or left without a value once all that stood below it is commented out. */
function orWhenEmpty<Schema extends z.ZodType>(schema: Schema, fallback: z.output<Schema>) {
  return schema.nullish().transform((value) => value ?? fallback)
}
