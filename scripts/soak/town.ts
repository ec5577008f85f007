import { addDays, type CivilDate } from '../../src/lib/civil-date.ts'
import type { Row } from '../../test/world.ts'
import { phoneAt } from '../chaos/people.ts'

export type TownOptions = { residents: number; startsOn: CivilDate }

/** How long a permit lasts; ends are spread evenly over it. */
const PERMIT_DAYS = 180
const NATIONS = ['DE', 'MY', 'US', 'CN', 'JP', 'IN', 'NL', 'KR'] as const

/**
 * The office's register file of one day. Most renew some days before the end, some after it, some leave and vanish from the
 * file, for each of whom somebody new comes. The same options and day give the same rows.
 */
export function registerOn({ residents, startsOn }: TownOptions, day: number): Row[] {
  return Array.from({ length: residents }, (_, index) => {
    let person = index
    let permit = 0
    let ends = 1 + (index % PERMIT_DAYS)
    for (;;) {
      const fate = fateOf(person, permit)
      if (day < ends + fate.after) break
      if (fate.leaves) {
        person += residents
        permit = 0
      } else {
        permit += 1
      }
      ends += PERMIT_DAYS
    }
    return {
      register_no: `R${person}`,
      full_name: `Resident ${person}`,
      nationality: NATIONS[person % NATIONS.length]!,
      passport_no: `C${String(person).padStart(8, '0')}`,
      birth_date: '1990-03-01',
      phone: phoneAt(person),
      permit_no: `P${person}-${permit}`,
      permit_kind: person % 3 === 0 ? 'ITAS' : 'ITK',
      expires_on: addDays(startsOn, ends),
    }
  })
}

/** `after`: days from the permit's end to the day on which the file shows what became of it. */
function fateOf(person: number, permit: number): { leaves: boolean; after: number } {
  const lot = (person * 7_919 + permit * 104_729) % 100
  if (lot < 70) return { leaves: false, after: -1 - (lot % 12) }
  if (lot < 82) return { leaves: false, after: 1 + (lot % 12) * 2 }
  return { leaves: true, after: 0 }
}
