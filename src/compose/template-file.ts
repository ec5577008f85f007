import { z } from 'zod'
import { faultsOf, type Slots } from './icu.ts'

/** A language file as its author writes it: every message with the arguments that it must and may hold. */
export const templateFile = z.strictObject({
  language: z.string(),
  name: z.string().min(1),
  direction: z.enum(['ltr', 'rtl']),
  reviewed_by: z.string(),
  space: z.enum(['', ' ']).default(' '),
  voices: z.strictObject({
    google: z.strictObject({ name: z.string().min(1), language_code: z.string().min(1) }).nullable(),
    espeak: z.strictObject({ voice: z.string().min(1), rate: z.int().min(80).max(300).exactOptional() }).nullable(),
  }),
  dates: z
    .strictObject({
      locale: z.string().refine(isLocale, { error: 'is no locale; allowed: BCP 47, as in ur-PK' }).optional(),
      short_months: words(12).optional(),
      short: datePattern(['day', 'month', 'year']).optional(),
      brief: datePattern(['day', 'month']).optional(),
      long: datePattern(['day', 'month', 'year']).optional(),
      spoken: z
        .strictObject({
          pattern: datePattern(['day', 'month', 'year']),
          months: words(12).optional(),
          weekdays: words(7).optional(),
          days: words(31).optional(),
          years: z.record(z.string().regex(/^\d{4}$/), z.string().min(1)).optional(),
          year_digits: words(10).optional(),
        })
        .optional(),
    })
    .default({}),
  notice: notices(),
  sms: z.strictObject({
    notice: notices().optional(),
    body: message({ needs: ['office', 'notice', 'phone', 'reference', 'link'] }),
    list: message(),
    online: message(),
    check: message(),
  }),
  whatsapp: z.strictObject({
    due: approved(['office', 'expires', 'last_day', 'notice', 'phone', 'reference', 'link']),
    overstay: approved(['office', 'expires', 'come_on', 'notice', 'phone', 'reference', 'link']),
    buttons: z.strictObject({ listen: button(), understood: button(), help: button() }),
    stopped: message({ needs: ['phone'] }),
    automatic: message({ needs: ['phone'] }),
  }),
  voice: z.strictObject({
    due: sentences({ needs: ['expires', 'last_day'], may: ['extend'] }),
    late: sentences({ needs: ['expires', 'come_on'], may: ['extend', 'last_day'] }),
    overstay: sentences({ needs: ['expires', 'come_on'] }),
  }),
  call: z.strictObject({
    greeting: message(),
    prompt: message(),
    repeat: message(),
    thanks: message(),
    goodbye: message(),
    office: message(),
  }),
  page: z.strictObject({
    title: message(),
    heading: z.strictObject({ due: message(), late: message(), overstay: message() }),
    days_left: message({ needs: ['days'] }),
    labels: z.strictObject({
      expires: message(),
      last_day: message(),
      come_on: message(),
      kind: message(),
      permits: message(),
      person: message(),
      office: message(),
      address: message(),
      phone: message(),
      hours: message(),
      reference: message(),
      language: message(),
    }),
    kinds: z.strictObject({ ITK: message(), ITAS: message(), ITAP: message(), VOA: message() }),
    steps: z.strictObject({
      heading: message(),
      extend: steps(),
      leave: steps(),
      ask: steps(),
      late: steps(),
      overstay: steps(),
    }),
    bring: z.strictObject({
      heading: message(),
      note: message(),
      items: z.strictObject({
        passport: message(),
        permit: message(),
        card: message(),
        sponsor_letter: message(),
        sponsor_id: message(),
        address: message(),
        ticket: message(),
      }),
    }),
    answer: z.strictObject({
      heading: message(),
      applied: message(),
      leaving: message(),
      help: message(),
      understood: message(),
      filed_on: message(),
      send: message(),
      answered: message(),
    }),
    thanks: z.strictObject({ applied: message(), leaving: message(), help: message(), understood: message() }),
    listen: message(),
    calendar: z.strictObject({ save: message(), expires: message(), last_day: message() }),
    verify: z.strictObject({ heading: message(), text: message({ needs: ['phone'] }) }),
    ended: z.strictObject({ heading: message(), text: message({ needs: ['office', 'phone'] }) }),
    home: z.strictObject({
      heading: message(),
      text: message({ needs: ['office'] }),
      sms: message(),
      call: message(),
      whatsapp: message(),
      website: message(),
      never: message(),
    }),
  }),
})

export type TemplateFile = z.infer<typeof templateFile>

function message(slots: Slots = { needs: [] }) {
  return z
    .string()
    .trim()
    .min(1)
    .superRefine((text, context) => {
      for (const fault of faultsOf(text, slots)) context.addIssue({ code: 'custom', message: fault })
    })
}

/** What is said to a resident, to a sponsor, and about several permits at once. */
function notices() {
  return z.strictObject({ resident: situations([]), sponsor: situations([]), several: situations(['count']) })
}

function situations(more: string[]) {
  const brief = ['last_day', 'come_on']
  return z.strictObject({
    due: message({ needs: ['expires', 'last_day', ...more], may: ['extend', 'hurry'], brief }),
    late: message({ needs: ['expires', 'last_day', 'come_on', ...more], may: ['extend'], brief }),
    overstay: message({ needs: ['expires', 'come_on', ...more], brief }),
  })
}

/** A text that WhatsApp approves once, so it cannot change with its arguments, nor begin or end with one (Meta's rules). */
function approved(needs: readonly string[]) {
  return message({ needs })
    .refine((text) => !/\{\w+\s*,/.test(text), { error: 'holds a plural or a select; allowed: plain arguments only' })
    .refine((text) => !/^\{|\}$/.test(text), { error: 'begins or ends with an argument; allowed: words' })
}

/** Spoken one after the other; what is needed must be said by one of them. */
function sentences(slots: Slots) {
  return z
    .array(z.string().trim().min(1))
    .min(2)
    .superRefine((list, context) => {
      for (const fault of faultsOf(list.join('\n'), slots)) context.addIssue({ code: 'custom', message: fault })
    })
}

function steps() {
  return z.array(message({ needs: [], may: ['expires', 'last_day', 'come_on', 'phone'] })).min(1)
}

function words(count: number) {
  return z.array(z.string().min(1)).length(count)
}

function button() {
  return z.string().min(1).max(20, { error: 'too long; WhatsApp allows 20 characters on a button' })
}

function datePattern(needs: readonly string[]) {
  const allowed = ['day', 'month', 'long_month', 'year', 'weekday']
  return z.string().refine(
    (text) => {
      const names = Array.from(text.matchAll(/\{(\w*)\}/g), ([, name = '']) => name)
      const held = names.map((name) => name.replace('long_', ''))
      return names.every((name) => allowed.includes(name)) && needs.every((name) => held.includes(name))
    },
    { error: `must hold ${needs.join(', ')} in braces; allowed: ${allowed.join(', ')}` },
  )
}

function isLocale(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(`${text}-u-ca-gregory-nu-latn`).length === 1
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
