import { and, eq, inArray, isNull, or, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { Db } from '../db/open.ts'
import type { Office } from '../lib/office.ts'
import { parsePhone } from '../lib/phone.ts'
import type { Officer } from './officer.ts'

/** A page of a list; `next` is given back to get the one after it, null at the end. */
export type Page<Row> = { rows: Row[]; next: number | null }

export const PAGE_SIZE = 50

/** `rows` holds one more than are shown, when there are more. */
export function pageOf<Row>(rows: Row[], idOf: (row: Row) => number, size = PAGE_SIZE): Page<Row> {
  const shown = rows.slice(0, size)
  return { rows: shown, next: rows.length > size ? idOf(shown.at(-1)!) : null }
}

/** Residents of the officer's area, and those of no known regency: nobody else would see them. */
export function ofArea(regency: SQLWrapper, { regencies }: Pick<Officer, 'regencies'>): SQL | undefined {
  if (regencies === null) return undefined
  // A filter only: by the index of regencies SQLite would read the whole area first.
  return regencies.length === 0 ? isNull(regency) : inArray(sql`coalesce(${regency}, ${regencies[0]})`, regencies)
}

/**
 * Everyone whom `text` may mean: every word of it in the name, or part of a permit number, or exactly a register number,
 * a passport or a phone (in any usual spelling), the sponsor's too. Register numbers are looked for in the office and the `others`.
 */
export function personMatches(
  { t, vault, read }: Pick<Db, 't' | 'vault' | 'read'>,
  { text, office, others = [] }: { text: string; office: Pick<Office, 'code'>; others?: readonly string[] },
): SQL {
  const { residents, permits } = t
  const asked = text.normalize('NFC').trim().slice(0, 200)
  const words = asked.split(/\s+/).filter((word) => word !== '')
  const named = and(sql`1 = 1`, ...words.map((word) => contains(residents.full_name, word)))!
  if (!/\d/.test(asked)) return named
  const phone = parsePhone(asked)
  const number = phone && 'number' in phone ? vault.blind(phone.number, 'phone') : null
  const passport = asked
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[\s.\-–/]/g, '')
  const who = (where: SQL) => read.select({ id: residents.id }).from(residents).where(where)
  const numbered = read.select({ id: permits.id }).from(permits).where(contains(permits.permit_no, asked))
  const holders = read.select({ id: permits.resident_id }).from(permits).where(inArray(permits.id, numbered))
  // One select for each index: joined by "or" in one they would read everybody's whole row.
  const found = who(named)
    .unionAll(holders)
    .unionAll(who(and(inArray(residents.office_code, [office.code, ...others]), eq(residents.register_no, asked))!))
    .unionAll(who(eq(residents.passport_index, vault.blind(passport, 'passport'))))
  if (number === null) return inArray(residents.id, found)
  return inArray(
    residents.id,
    found.unionAll(who(eq(residents.phone_index, number))).unionAll(who(eq(residents.sponsor_phone_index, number))),
  )
}

/** The ids of those whom `ofArea` lets through, for what is counted without looking up each resident; undefined: all. */
export function inOfficersArea(
  { t, read }: Pick<Db, 't' | 'read'>,
  { residentId, officer }: { residentId: SQLWrapper; officer: Pick<Officer, 'regencies'> },
): SQL | undefined {
  const { residents } = t
  const { regencies } = officer
  if (regencies === null) return undefined
  const mine = or(isNull(residents.regency), inArray(residents.regency, regencies))
  return inArray(residentId, read.select({ id: residents.id }).from(residents).where(mine))
}

// The same words on both engines, without wildcards to escape: LIKE differs in case, instr has two names. Their lower() knows
// ASCII only, so that other letters are also looked for as they were typed.
function contains(column: SQLWrapper, part: string): SQL {
  const found = sql`replace(lower(${column}), ${part.toLowerCase()}, '') <> lower(${column})`
  return /^[\x20-\x7e]*$/.test(part) ? found : sql`(${found} or replace(${column}, ${part}, '') <> ${column})`
}

/** `BLT-7K3Q` however it was typed; null when it cannot be the reference of a notice of these offices. */
export function referenceIn(text: string, officeCodes: readonly string[]): string | null {
  const match = /^([A-Z]{2,4})[\s-]*([0-9A-Z]{4,12})$/.exec(text.normalize('NFKC').trim().toUpperCase())
  return match && officeCodes.includes(match[1]!) ? `${match[1]}-${match[2]}` : null
}
