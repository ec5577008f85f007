import type { NationCode, Purpose } from './sample-people.ts'

/** One invented resident. `left` is the days until expiry, negative when over. Without `phone`: an Indonesian mobile. */
export type Part = {
  from: NationCode
  kind: string
  left: number
  purpose: Purpose
  /** `home`: a mobile of the own country; `foreman` and `family` are numbers that several people share. */
  phone?: 'home' | 'landline' | 'none' | 'mangled' | 'foreman' | 'family'
  sponsorPhone?: 'none' | 'family'
  whatsapp?: true
  /** Years; else grown up. */
  age?: number
  language?: string
  /** An earlier permit, in a row of its own. */
  earlier?: true
  /** The name and birth date of the part before, under another passport. */
  namesake?: true
}

/** Everything that happens in an office, on one day: who is due at which stage, who can be reached how, who stayed on. */
export const cast: readonly Part[] = [
  // Fourteen days: the promise, in fourteen languages.
  { from: 'TW', kind: 'ITAS', left: 14, purpose: 'family', whatsapp: true },
  { from: 'MY', kind: 'ITK', left: 14, purpose: 'family' },
  { from: 'DE', kind: 'ITAS', left: 14, purpose: 'retirement' },
  { from: 'JP', kind: 'ITAS', left: 14, purpose: 'work' },
  { from: 'US', kind: 'ITK', left: 14, purpose: 'visit' },
  { from: 'NL', kind: 'ITAP', left: 14, purpose: 'family' },
  { from: 'KR', kind: 'ITAS', left: 14, purpose: 'work' },
  { from: 'IN', kind: 'ITAS', left: 14, purpose: 'work', whatsapp: true },
  { from: 'PK', kind: 'ITK', left: 14, purpose: 'family' },
  { from: 'SA', kind: 'ITK', left: 14, purpose: 'family' },
  { from: 'PH', kind: 'ITAS', left: 14, purpose: 'mission' },
  { from: 'FR', kind: 'ITK', left: 14, purpose: 'visit' },
  { from: 'TL', kind: 'ITAS', left: 14, purpose: 'study', language: 'id' },
  { from: 'TH', kind: 'ITAS', left: 14, purpose: 'study' },
  // Three workers share the foreman's phone: one message about all of them.
  { from: 'CN', kind: 'ITAS', left: 14, purpose: 'work', phone: 'foreman' },
  { from: 'CN', kind: 'ITAS', left: 14, purpose: 'work', phone: 'foreman' },
  { from: 'CN', kind: 'ITAS', left: 14, purpose: 'work', phone: 'foreman' },
  // Fourteen days and hard to reach, or not to be told themselves.
  { from: 'MM', kind: 'ITAS', left: 14, purpose: 'work', phone: 'none' },
  { from: 'BD', kind: 'ITK', left: 14, purpose: 'visit', phone: 'none', sponsorPhone: 'none' },
  { from: 'DE', kind: 'ITAS', left: 14, purpose: 'family', phone: 'landline' },
  { from: 'LB', kind: 'ITK', left: 14, purpose: 'visit', phone: 'mangled' },
  { from: 'JP', kind: 'ITAS', left: 14, purpose: 'retirement', phone: 'home' },
  { from: 'TH', kind: 'ITAS', left: 14, purpose: 'family', age: 12 },
  { from: 'AU', kind: 'VOA', left: 14, purpose: 'visit', phone: 'home' },
  { from: 'TH', kind: 'Izin Peralihan', left: 14, purpose: 'study' },
  // Seven, three, one, today, and sixty for those who may apply so early.
  { from: 'MY', kind: 'ITAS', left: 7, purpose: 'study', whatsapp: true },
  { from: 'BD', kind: 'ITK', left: 7, purpose: 'visit' },
  { from: 'US', kind: 'VOA', left: 7, purpose: 'visit', phone: 'home' },
  { from: 'YE', kind: 'ITAS', left: 3, purpose: 'study' },
  { from: 'NL', kind: 'ITAS', left: 3, purpose: 'family', phone: 'family', sponsorPhone: 'family' },
  { from: 'MY', kind: 'ITK', left: 3, purpose: 'family', age: 9 },
  { from: 'RU', kind: 'F', left: 3, purpose: 'visit', phone: 'home' },
  { from: 'NG', kind: 'ITK', left: 1, purpose: 'visit' },
  { from: 'SG', kind: 'ITK', left: 1, purpose: 'family' },
  { from: 'TL', kind: 'ITK', left: 0, purpose: 'visit' },
  { from: 'KR', kind: 'ITAS', left: 60, purpose: 'work' },
  { from: 'DE', kind: 'ITAP', left: 60, purpose: 'family' },
  { from: 'TW', kind: 'ITAS', left: 60, purpose: 'family', whatsapp: true },
  // In the register for the first time between two stages.
  { from: 'MM', kind: 'ITK', left: 2, purpose: 'visit' },
  { from: 'TW', kind: 'ITK', left: 5, purpose: 'visit' },
  { from: 'VN', kind: 'VOA', left: 9, purpose: 'visit' },
  { from: 'EG', kind: 'ITK', left: 11, purpose: 'study' },
  { from: 'MY', kind: 'ITAS', left: 33, purpose: 'work' },
  // Stayed on: every level, exactly sixty, and somebody forgotten for most of a year.
  { from: 'MY', kind: 'ITK', left: -1, purpose: 'family' },
  { from: 'BD', kind: 'ITK', left: -3, purpose: 'visit' },
  { from: 'TH', kind: 'ITAS', left: -7, purpose: 'study' },
  { from: 'JP', kind: 'ITK', left: -8, purpose: 'visit', phone: 'home' },
  { from: 'TL', kind: 'ITK', left: -20, purpose: 'visit' },
  { from: 'LB', kind: 'VOA', left: -30, purpose: 'visit', phone: 'none' },
  { from: 'PK', kind: 'ITK', left: -31, purpose: 'visit' },
  { from: 'SG', kind: 'ITK', left: -45, purpose: 'family' },
  { from: 'PH', kind: 'ITAS', left: -60, purpose: 'work' },
  { from: 'NG', kind: 'ITK', left: -61, purpose: 'visit' },
  { from: 'MY', kind: 'ITAS', left: -290, purpose: 'family' },
  // Held from the start, for the foreign ministry looks after them.
  { from: 'TL', kind: 'Diplomatik', left: 5, purpose: 'visit' },
  { from: 'KR', kind: 'Dinas', left: 14, purpose: 'visit' },
  // Two permits, two passports, and permits that run for years.
  { from: 'KR', kind: 'ITAS', left: 300, purpose: 'work', earlier: true },
  { from: 'TW', kind: 'ITAS', left: 14, purpose: 'work', earlier: true },
  { from: 'PH', kind: 'ITAS', left: 200, purpose: 'mission' },
  { from: 'PH', kind: 'ITAS', left: 200, purpose: 'mission', namesake: true },
  { from: 'DE', kind: 'ITAP', left: 1800, purpose: 'family' },
  { from: 'JP', kind: 'ITAS', left: 3650, purpose: 'retirement', phone: 'home' },
  { from: 'SA', kind: 'ITAP', left: 1200, purpose: 'family', whatsapp: true },
]

/** What makes a row unfit, each for another reason; put over an otherwise good row. */
export const rejectedCells: readonly Record<string, string>[] = [
  { expires_on: '31/02/2027' },
  { nationality: 'Atlantis' },
  { register_no: '', passport_no: '-' },
  { full_name: '####' },
  { expires_on: '' },
]
