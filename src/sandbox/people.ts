import { z } from 'zod'
import { chance } from './chance.ts'

/** What the person (or the machine) at one number does with what arrives there. */
export const personSchema = z.strictObject({
  answers: z.enum(['human', 'machine', 'fax', 'busy', 'no-answer', 'failed']),
  /** How long the phone rings first, in seconds of call time; default 5. Longer than the call's Timeout: no answer. */
  answersAfterS: z.number().nonnegative().optional(),
  /** Keys, one string per `<Gather>` that asks, in order: `['2', '1']` presses 2 at the first and 1 at the second. */
  presses: z.array(z.string().regex(/^[0-9*#]+$/)).optional(),
  /** Call time from the start of each `<Gather>` to the press. Default: a second after its prompts have ended. */
  pressesAfterMs: z.number().nonnegative().optional(),
  /** Call time from the answer. Default: stays until the other side ends the call. */
  hangsUpAfterMs: z.number().nonnegative().optional(),
  /** `silent` got it but no receipt ever comes; `lost` did not get it and no receipt comes either. */
  sms: z.enum(['delivered', 'silent', 'lost', 'unreachable', 'unknown', 'landline', 'filtered']).optional(),
  whatsapp: z.enum(['read', 'delivered', 'silent', 'absent', 'not-joined', 'blocked']).optional(),
  /** Taps the first button of a WhatsApp template. */
  taps: z.boolean().optional(),
})

export type Person = Readonly<z.infer<typeof personSchema>>

/** One person out of a mostly pleasant crowd, always the same one for a number and seed. */
export function defaultPerson({ number, seed }: { number: string; seed: number }): Person {
  return {
    ...pick(chance(seed, number, 'call'), callers),
    sms: pick(chance(seed, number, 'sms'), phones),
    whatsapp: pick(chance(seed, number, 'whatsapp'), accounts),
    taps: chance(seed, number, 'taps') < 0.85,
  }
}

/** For the phones page: what to expect of this number, in a few words. */
export function describePerson(person: Person): string[] {
  const words = [callWords[person.answers]]
  if (person.answers === 'human' && person.presses?.length) words.push(`presses ${person.presses.join(', then ')}`)
  if (person.hangsUpAfterMs !== undefined) words.push(`hangs up after ${Math.round(person.hangsUpAfterMs / 1000)} s`)
  if (person.sms && person.sms !== 'delivered') words.push(`SMS: ${person.sms}`)
  if (person.whatsapp) words.push(`WhatsApp: ${person.whatsapp}`)
  if (person.taps && person.whatsapp === 'read') words.push('taps buttons')
  return words
}

const callWords: Record<Person['answers'], string> = {
  human: 'answers calls',
  machine: 'voicemail answers',
  fax: 'a fax answers',
  busy: 'line is busy',
  'no-answer': 'does not answer',
  failed: 'calls fail',
}

type Lots<T> = readonly (readonly [share: number, what: T])[]

const callers: Lots<Person> = [
  [0.74, { answers: 'human', presses: ['1'] }],
  [0.05, { answers: 'human', presses: ['2', '1'] }],
  [0.05, { answers: 'human', presses: [] }],
  [0.03, { answers: 'human', presses: [], hangsUpAfterMs: 2500 }],
  [0.05, { answers: 'machine' }],
  [0.05, { answers: 'no-answer' }],
  [0.02, { answers: 'busy' }],
  [0.01, { answers: 'failed' }],
]

const phones: Lots<NonNullable<Person['sms']>> = [
  [0.95, 'delivered'],
  [0.02, 'unreachable'],
  [0.015, 'silent'],
  [0.01, 'unknown'],
  [0.005, 'lost'],
]

const accounts: Lots<NonNullable<Person['whatsapp']>> = [
  [0.82, 'read'],
  [0.12, 'delivered'],
  [0.06, 'absent'],
]

function pick<T>(lot: number, lots: Lots<T>): T {
  let sum = 0
  for (const [share, what] of lots) {
    sum += share
    if (lot < sum) return what
  }
  return lots.at(-1)![1]
}
