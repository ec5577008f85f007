import { type CivilDate, civilDate } from '../lib/civil-date.ts'
import { AppError } from '../lib/errors.ts'
import type { Office } from '../lib/office.ts'
import type { Offices } from '../lib/offices.ts'

/** The date that an option gives, `name` as it is typed: `--until`. @throws AppError `usage` */
export function dateOption(name: string, text: string): CivilDate {
  try {
    return civilDate(text)
  } catch (cause) {
    throw new AppError('usage', `${name} ${text} is no date; allowed: YYYY-MM-DD`, { cause })
  }
}

/** The office that `--office` names. `further`: what else is allowed there. @throws AppError `usage` */
export function officeOption({ all }: Pick<Offices, 'all'>, code: string, further: readonly string[] = []): Office {
  const office = all.find((one) => one.code === code)
  if (office) return office
  const known = [...all.map((one) => one.code), ...further].join(', ')
  throw new AppError('usage', `--office ${code} is unknown; allowed: ${known}`)
}
