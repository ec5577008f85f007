import { type SQL, sql } from 'drizzle-orm'
import type { Line } from '../db/schema.ts'
import type { Vault } from '../db/seal.ts'
import type { Phone } from '../lib/phone.ts'
import type { Field } from './headers.ts'

/** The table columns that hold each field of a register file about the person; the same in `staging` and `residents`. */
const personColumnsOf = {
  register_no: ['register_no'],
  full_name: ['full_name'],
  nationality: ['nationality'],
  passport_no: ['passport_no', 'passport_index'],
  sex: ['sex'],
  birth_date: ['birth_date'],
  phone: ['phone', 'phone_index', 'phone_country', 'phone_line'],
  whatsapp_opt_in_on: ['whatsapp_opt_in_on'],
  language: ['language'],
  address: ['address'],
  regency: ['regency'],
  district: ['district'],
  purpose: ['purpose'],
  sponsor_name: ['sponsor_name'],
  sponsor_phone: ['sponsor_phone', 'sponsor_phone_index', 'sponsor_phone_country', 'sponsor_phone_line'],
} as const satisfies Partial<Record<Field, readonly string[]>>

type PersonField = keyof typeof personColumnsOf

export const personFields = Object.keys(personColumnsOf) as PersonField[]
export const personColumns: readonly string[] = personFields.flatMap((field) => [...personColumnsOf[field]])

/** Field to column in `permits`; `staging` has them under the field's name. `permit_no` is the key. */
const permitColumnOf = {
  permit_kind: 'kind',
  index_code: 'index_code',
  issued_on: 'issued_on',
  expires_on: 'expires_on',
} as const

type PermitField = keyof typeof permitColumnOf

export const permitFields = Object.keys(permitColumnOf) as PermitField[]
/** `[column of permits, column of staging]` */
export const permitColumns = permitFields.map((field) => [permitColumnOf[field], field] as const)

/** The columns of `residents` and of `permits` that a file without these fields leaves as they are. */
export function columnsLeftOut(present: ReadonlySet<Field>): {
  person: string[]
  permit: (readonly [string, string])[]
} {
  return {
    person: personFields.filter((field) => !present.has(field)).flatMap((field) => [...personColumnsOf[field]]),
    permit: permitColumns.filter(([, field]) => !present.has(field)),
  }
}

export type PersonValues = Record<PersonField, string | null>
export type PermitValues = Record<PermitField, string | null>

/**
 * Keyed, for sealed values cannot be compared by SQL. What is derived (a phone's country and line) is left out: newer
 * numbering data must not make every row of an unchanged file look changed.
 */
export function personDigest(vault: Vault, person: PersonValues): string {
  return vault.blind(JSON.stringify(personFields.map((field) => person[field])), 'resident')
}

export function permitDigest(vault: Vault, permit: PermitValues): string {
  return vault.blind(JSON.stringify(permitFields.map((field) => permit[field])), 'permit')
}

export type PhoneField = 'phone' | 'sponsor_phone'
type PhoneColumns<Name extends PhoneField> = Record<`${Name}_index` | `${Name}_country`, string | null> &
  Record<`${Name}_line`, Line | null>

/** The index has one place for both, so that a resident and a sponsor on one phone are seen to be. */
export function phoneColumns<Name extends PhoneField>(
  vault: Vault,
  field: Name,
  phone: Phone | null,
): PhoneColumns<Name> {
  const [, index, country, line] = personColumnsOf[field]
  return {
    [index]: phone && vault.blind(phone.number, 'phone'),
    [country]: phone?.country || null,
    [line]: phone?.line ?? null,
  } as PhoneColumns<Name>
}

/** `a, b, c` */
export function columnList(names: readonly string[], table?: string): SQL {
  return sql.raw(names.map((name) => (table ? `${table}.${name}` : name)).join(', '))
}
