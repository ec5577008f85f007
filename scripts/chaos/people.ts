import type { Fault } from '../../src/sandbox/faults.ts'
import type { Person } from '../../src/sandbox/people.ts'
import type { Row } from '../../test/world.ts'
import { EXPIRES_ON } from './ground.ts'

type Lot = {
  /** Out of a hundred. */
  share: number
  person: Person
  /** The carrier refuses every message to this number with this code. */
  refused?: number
  /** Nobody can be told here, whatever is tried. */
  unreachable?: true
}

/** Who is at the other end. Most are pleasant; all but the dead numbers can be told by one channel or the other. */
const lots: readonly Lot[] = [
  { share: 72, person: { answers: 'human', presses: ['1'], sms: 'delivered' } },
  { share: 5, person: { answers: 'human', presses: [], sms: 'delivered' } },
  { share: 3, person: { answers: 'human', presses: ['2', '1'], sms: 'delivered' } },
  { share: 3, person: { answers: 'human', presses: [], hangsUpAfterMs: 2_500, sms: 'delivered' } },
  { share: 4, person: { answers: 'machine', sms: 'delivered' } },
  { share: 3, person: { answers: 'no-answer', sms: 'delivered' } },
  { share: 2, person: { answers: 'busy', sms: 'delivered' } },
  { share: 1, person: { answers: 'failed', sms: 'delivered' } },
  { share: 2, person: { answers: 'human', presses: ['1'], sms: 'unreachable' } },
  { share: 2, person: { answers: 'human', presses: ['1'], sms: 'landline' } },
  { share: 1, person: { answers: 'human', presses: ['1'], sms: 'delivered' }, refused: 21614 },
  { share: 1, person: { answers: 'failed', sms: 'delivered' }, refused: 21211, unreachable: true },
  { share: 1, person: { answers: 'failed', sms: 'unknown' }, unreachable: true },
]

const NATIONS = ['DE', 'MY', 'US'] as const

/** The n-th phone. Its last two digits say who is there, so that a transcript can be judged by itself. */
export function phoneAt(index: number): string {
  return `+62812${10_000_000 + index}`
}

export function isReachable(phone: string): boolean {
  return !lotOf(phone).unreachable
}

/**
 * The register: one permit each, all due today. Every 12th resident shares the phone of the one before; every 25th is
 * a child, whose sponsor is told.
 */
export function residentRows(count: number): Row[] {
  let phones = 0
  return Array.from({ length: count }, (_, index) => {
    const sharesPhone = index % 12 === 11
    if (!sharesPhone) phones += 1
    const phone = phoneAt(phones - 1)
    const isChild = !sharesPhone && index % 25 === 24
    return {
      register_no: `R${index}`,
      full_name: `Resident ${letters(index)}`,
      nationality: NATIONS[phones % NATIONS.length]!,
      passport_no: `C${String(index).padStart(8, '0')}`,
      birth_date: isChild ? '2015-03-01' : '1990-03-01',
      ...(isChild ? { sponsor_name: `Sponsor ${letters(index)}`, sponsor_phone: phone } : { phone }),
      permit_no: `P${String(index).padStart(5, '0')}`,
      permit_kind: 'ITK',
      expires_on: EXPIRES_ON,
    }
  })
}

/** For `POST /sandbox/people`. */
export function peopleOf(rows: readonly Row[]): Record<string, Person> {
  return Object.fromEntries(phonesOf(rows).map((phone) => [phone, lotOf(phone).person]))
}

/** Refusals that belong to a phone and last as long as it does. */
export function standingFaults(rows: readonly Row[]): Fault[] {
  return phonesOf(rows).flatMap((phone): Fault[] => {
    const code = lotOf(phone).refused
    return code === undefined ? [] : [{ kind: 'refuse', code, to: phone, resource: 'messages', on: 'create' }]
  })
}

function phonesOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap((row) => row.phone ?? row.sponsor_phone ?? []))]
}

function lotOf(phone: string): Lot {
  let ticket = Number(phone.slice(-2))
  for (const lot of lots) {
    if (ticket < lot.share) return lot
    ticket -= lot.share
  }
  throw new RangeError('the shares do not add up to a hundred')
}

/** 0 is A, 27 is BB: names without digits. */
function letters(index: number): string {
  const last = String.fromCharCode(65 + (index % 26))
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last
}
