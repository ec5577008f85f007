import type { CivilDate } from '../lib/civil-date.ts'

type Spread = { before: number; after: number }

/** Joint leave has bridged to a weekend from two days before to two days after; a moon may be seen a day later. */
const solar: Spread = { before: 2, after: 2 }
const lunar: Spread = { before: 2, after: 3 }
/** Idulfitri takes joint leave from four days before (2018) to eight days after (2025). */
const idulfitri: Spread = { before: 6, after: 8 }
const widest = Math.max(idulfitri.before, idulfitri.after)

const fixedDays = new Set(['01-01', '05-01', '06-01', '08-17', '12-25'])
const islamicDays = new Map<string, Spread>([
  ['M01-01', lunar],
  ['M03-12', lunar],
  ['M07-27', lunar],
  ['M10-01', idulfitri],
  ['M12-10', lunar],
])

/**
 * Whether an Indonesian public holiday or joint leave day could fall on `date`, for a year whose decree is not known.
 * Errs towards yes: it has to cover every day of the decrees, which the test holds against those of 2024 to 2027.
 * Election days and other single decrees cannot be foreseen.
 */
export function mayBeHoliday(date: CivilDate): boolean {
  const day = Temporal.PlainDate.from(date)
  for (let offset = -widest; offset <= widest; offset += 1) {
    const spread = spreadAround(day.subtract({ days: offset }))
    if (spread && offset >= -spread.before && offset <= spread.after) return true
  }
  return false
}

/** How far the days off around a feast on this day may reach; undefined when none falls on it. */
function spreadAround(day: Temporal.PlainDate): Spread | undefined {
  const islamic = day.withCalendar('islamic-umalqura')
  const spread = islamicDays.get(`${islamic.monthCode}-${pad(islamic.day)}`)
  if (spread) return spread
  if (fixedDays.has(`${pad(day.month)}-${pad(day.day)}`) || isEasterFeast(day)) return solar
  return isMoonFeast(day) ? lunar : undefined
}

/** Imlek, Nyepi and Waisak, by the Chinese calendar's months, which begin at the same new moons. */
function isMoonFeast(day: Temporal.PlainDate): boolean {
  const { monthCode, day: moonDay } = day.withCalendar('chinese')
  const monthDay = `${pad(day.month)}-${pad(day.day)}`
  const isImlek = monthCode === 'M01' && moonDay === 1
  const isNyepi = moonDay === 1 && monthDay >= '03-01' && monthDay <= '04-10'
  const isWaisak = moonDay === 15 && monthDay >= '05-03' && monthDay <= '06-06'
  return isImlek || isNyepi || isWaisak
}

/** Good Friday, Easter and Ascension Day. */
function isEasterFeast(day: Temporal.PlainDate): boolean {
  return [-2, 0, 39].includes(easter(day.year).until(day, { largestUnit: 'days' }).days)
}

/** Easter Sunday by the Gregorian computus (Meeus, Jones and Butcher). */
function easter(year: number): Temporal.PlainDate {
  const century = Math.floor(year / 100)
  const golden = year % 19
  const skippedLeaps = Math.floor((century - Math.floor((century + 8) / 25) + 1) / 3)
  const epact = (19 * golden + century - Math.floor(century / 4) - skippedLeaps + 15) % 30
  const ahead = (32 + 2 * (century % 4) + 2 * Math.floor((year % 100) / 4) - epact - ((year % 100) % 4)) % 7
  const shift = Math.floor((golden + 11 * epact + 22 * ahead) / 451)
  const sum = epact + ahead - 7 * shift + 114
  return Temporal.PlainDate.from({ year, month: Math.floor(sum / 31), day: (sum % 31) + 1 })
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}
