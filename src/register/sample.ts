import { closeSync, openSync, writeSync } from 'node:fs'
import { stringify } from 'csv-stringify/sync'
import { addDays, type CivilDate, yearOf } from '../lib/civil-date.ts'
import { type Field, fieldLabels, fields } from './headers.ts'
import { cast, type Part, rejectedCells } from './sample-cast.ts'
import { pick, type Random, seeded, weighted } from './sample-chance.ts'
import {
  districts,
  type Nation,
  type NationCode,
  nations,
  type Purpose,
  purposeWords,
  sponsors,
  streets,
} from './sample-people.ts'

export type SampleOptions = { today: CivilDate; residents: number; seed: number }
export type SampleRow = Record<Field, string>

/**
 * A made-up register: `residents` people who are accepted, a few older permits of theirs, and five rows that are rejected.
 * The first people are the cast, with everything that happens around `today`; of the others about 0.3 % are due.
 * The same options give the same rows. No number or name is anybody's.
 */
export function* sampleRegister({ today, residents, seed }: SampleOptions): Generator<SampleRow> {
  const random = seeded(seed)
  const rejectEvery = Math.max(1, Math.floor(residents / (rejectedCells.length + 1)))
  for (let index = 0, rejected = 0; index < residents; index += 1) {
    const part = cast[index] ?? somebody(random)
    const row = rowOf(part, part.namesake ? index - 1 : index, { today, residents, random, passport: index })
    if (part.earlier) yield earlierPermit(row, part, today)
    yield row
    if (rejected < rejectedCells.length && (index + 1) % rejectEvery === 0) {
      const other = rowOf(somebody(random), residents + rejected, {
        today,
        residents,
        random,
        passport: residents + rejected,
      })
      yield { ...other, ...rejectedCells[rejected] }
      rejected += 1
    }
  }
}

/** Writes the sample as an office would save it: Indonesian column names, semicolons, UTF-8 with a byte order mark. */
export function writeSampleCsv(path: string, options: SampleOptions): void {
  const file = openSync(path, 'w')
  try {
    writeSync(file, `\ufeff${stringify([fields.map((field) => fieldLabels[field])], { delimiter: ';' })}`)
    let lines: string[][] = []
    const flush = () => {
      writeSync(file, stringify(lines, { delimiter: ';' }))
      lines = []
    }
    for (const row of sampleRegister(options)) {
      lines.push(fields.map((field) => row[field]))
      if (lines.length === 1000) flush()
    }
    flush()
  } finally {
    closeSync(file)
  }
}

type Setting = { today: CivilDate; residents: number; random: Random; passport: number }

/** `person` numbers the name and birth date, which no two others of one nation share below a million. */
function rowOf(part: Part, person: number, { today, residents, random, passport }: Setting): SampleRow {
  const nation = nations[part.from]
  const { regency, district } = placeOf(passport, residents, random)
  const expires = addDays(today, part.left)
  const sponsorNames = sponsors[part.purpose]
  const sponsorPhone =
    part.sponsorPhone === 'none' ? '' : part.sponsorPhone === 'family' ? FAMILY : mobile(990_000 + (passport % 9_000))
  return {
    register_no: REGISTERED.has(part.kind) ? `2C11BL${serial(passport)}` : '',
    full_name: nameOf(nation, person),
    nationality: random() < 0.1 ? part.from : nation.country,
    passport_no: `${part.from[0]}X${String(1_000_000 + ((passport * 7919) % 9_000_000))}`,
    sex: person % 2 === 0 ? 'L' : 'P',
    birth_date: birthDate(part, person, today),
    phone: phoneOf(part, nation, passport),
    whatsapp_opt_in_on: part.whatsapp ? addDays(today, -30 - Math.floor(random() * 300)) : '',
    language: part.language ?? '',
    address: `Jl. ${pick(streets.split(' '), random())} No. ${1 + Math.floor(random() * 190)}`,
    regency,
    district,
    purpose: purposeWords[part.purpose],
    sponsor_name: sponsorNames[passport % sponsorNames.length]!,
    sponsor_phone: sponsorPhone,
    permit_no: `2C21${part.kind.slice(0, 2).toUpperCase()}${serial(passport)}-${yearOf(expires)}`,
    permit_kind: part.kind,
    index_code: indexCode(part),
    issued_on: clerkDate(addDays(expires, -daysOf(part)), random()),
    expires_on: clerkDate(expires, random()),
  }
}

function earlierPermit(row: SampleRow, part: Part, today: CivilDate): SampleRow {
  const ended = addDays(today, part.left - daysOf(part))
  const issued = addDays(ended, -daysOf(part))
  return { ...row, permit_no: `${row.permit_no}-A`, issued_on: issued, expires_on: ended }
}

/** Exactly 58 of 138 live in Blitar, town and regency; the others in Tulungagung. */
function placeOf(index: number, residents: number, random: Random): { regency: string; district: string } {
  const upTo = (people: number) => Math.floor((people * Math.round((residents * 58) / 138)) / residents)
  const inBlitar = upTo(index + 1) > upTo(index)
  const regency = !inBlitar ? 'Kabupaten Tulungagung' : random() < 0.35 ? 'Kota Blitar' : 'Kabupaten Blitar'
  return { regency, district: pick(districts[regency].split(' '), random()) }
}

function nameOf({ given, family, familyFirst }: Nation, person: number): string {
  const [first, last] = [given.split(' ')[person % 8]!, family.split(' ')[Math.floor(person / 8) % 8]!]
  return (familyFirst ? `${last} ${first}` : `${first} ${last}`).replaceAll('_', ' ')
}

const BIRTHDAYS = 15_000

function birthDate({ age, purpose }: Part, person: number, today: CivilDate): string {
  if (age !== undefined) return addDays(today, -Math.round(age * 365.25) - 40)
  const youngest = purpose === 'retirement' ? 58 : 19
  const round = Math.floor(person / 64)
  return addDays(today, -youngest * 366 - (((person % 64) * 281 + round * 29) % BIRTHDAYS))
}

const FAMILY = '0812-0000-9801'
const FOREMAN = '0812-0000-9802'

function phoneOf(part: Part, nation: Nation, index: number): string {
  if (part.phone === 'none') return index % 2 === 0 ? '' : 'tidak ada'
  if (part.phone === 'mangled') return '8,12E+11'
  if (part.phone === 'landline') return `(0342) 000${String(index % 1000).padStart(3, '0')}`
  if (part.phone === 'foreman') return FOREMAN
  if (part.phone === 'family') return FAMILY
  if (part.phone === 'home') return filled(nation.mobile, index)
  return mobile(index)
}

/** Nobody has these: the block 0812-00 is kept for examples here. */
function mobile(index: number): string {
  return filled(index % 3 === 0 ? '+62 812-00##-####' : '0812 00## ####', index)
}

function filled(pattern: string, number: number): string {
  const digits = String(number).padStart(10, '0').split('')
  return [...pattern]
    .toReversed()
    .map((letter) => (letter === '#' ? digits.pop() : letter))
    .toReversed()
    .join('')
}

const REGISTERED = new Set(['ITAS', 'ITAP', 'Izin Peralihan', 'Diplomatik', 'Dinas'])
const ITAS_INDEX: Record<Purpose, string> = {
  work: 'E23',
  study: 'E30A',
  family: 'E31A',
  retirement: 'E33F',
  visit: 'E28A',
  mission: 'E29',
}

function indexCode({ kind, purpose }: Part): string {
  if (kind === 'ITAS' || kind === 'ITAP') return ITAS_INDEX[purpose]
  return { ITK: 'C1', VOA: 'B1', F: 'F1' }[kind] ?? ''
}

function daysOf({ kind, left }: Part): number {
  const usual = { ITK: 60, VOA: 30, F: 7, ITAP: 1826 }[kind] ?? 365
  return left <= usual ? usual : Math.ceil(left / 365) * 366
}

/** Clerks write dates in their own ways; never month first. */
function clerkDate(date: CivilDate, chance: number): string {
  const [year, month, day] = date.split('-') as [string, string, string]
  if (chance < 0.7) return `${day}/${month}/${year}`
  return chance < 0.85 ? date : `${Number(day)} ${MONTHS[Number(month) - 1]} ${year}`
}

const MONTHS = 'Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember'.split(' ')

const shares = Object.entries(nations).map(([code, { share }]) => [code as NationCode, share] as const)
const kinds = [
  ['ITK', 45],
  ['ITAS', 42],
  ['VOA', 7],
  ['ITAP', 6],
] as const
const purposes = [
  ['work', 34],
  ['study', 26],
  ['family', 20],
  ['visit', 12],
  ['retirement', 5],
  ['mission', 3],
] as const
const phones = [
  ['own', 80],
  ['home', 6],
  ['none', 10],
  ['landline', 2],
  ['mangled', 2],
] as const

/** One of the many to whom nothing happens today, most of the time. */
function somebody(random: Random): Part {
  const kind = weighted(kinds, random())
  const phone = weighted(phones, random())
  return {
    from: weighted(shares, random()),
    kind,
    left: daysLeft(kind, random(), random()),
    purpose: weighted(purposes, random()),
    ...(phone !== 'own' && { phone }),
    ...(phone === 'own' && random() < 0.25 && { whatsapp: true }),
  }
}

function daysLeft(kind: (typeof kinds)[number][0], fate: number, chance: number): number {
  if (fate < 0.003) return Math.floor(chance * 15)
  if (fate < 0.005) return -8 - Math.floor(chance * 100)
  const [from, to] = { ITK: [15, 59], VOA: [15, 29], ITAS: [61, 700], ITAP: [61, 1800] }[kind] as [number, number]
  return from + Math.floor(chance * (to - from + 1))
}

function serial(index: number): string {
  return String(index + 1).padStart(7, '0')
}
