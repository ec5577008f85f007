/** How loud a word is; each has its own colours in console.css, light and dark, with a contrast of at least 4.5. */
export type Tone = 'good' | 'wait' | 'warn' | 'bad' | 'grave' | 'quiet' | 'plain'

/** Levels, states, answers and kinds as they stand in the tables. Words: `badge.<value>`. */
export const TONES: Readonly<Record<string, Tone>> = {
  verify: 'wait',
  summon: 'warn',
  'field-check': 'bad',
  'over-60': 'grave',
  queued: 'plain',
  sending: 'wait',
  uncertain: 'warn',
  accepted: 'wait',
  sent: 'wait',
  delivered: 'good',
  read: 'good',
  undelivered: 'bad',
  failed: 'bad',
  exhausted: 'bad',
  cancelled: 'quiet',
  set_aside: 'warn',
  unconfirmed: 'warn',
  confirmed: 'good',
  'not-told': 'bad',
  understood: 'good',
  applied: 'good',
  leaving: 'wait',
  help: 'warn',
  phone: 'warn',
  number: 'warn',
  identity: 'warn',
  reply: 'wait',
  'hold-ended': 'wait',
  kind: 'plain',
  answer: 'wait',
  open: 'warn',
  closed: 'quiet',
  held: 'quiet',
  differs: 'warn',
  late: 'bad',
  'day-60': 'grave',
  sms: 'plain',
  call: 'plain',
  whatsapp: 'plain',
  viewer: 'quiet',
  officer: 'plain',
  supervisor: 'wait',
  admin: 'warn',
}

export function toneOf(value: string): Tone {
  return TONES[value] ?? 'plain'
}
