import type { Db } from '../db/open.ts'
import { type CivilDate, civilDate } from '../lib/civil-date.ts'
import { AppError } from '../lib/errors.ts'
import type { RouteAudit } from './route.ts'

/** What stands behind the question mark of a request's target, whatever the target is: `//`, `*` and `http://[` are none to `URL`. */
export function queryOf(target: string): URLSearchParams {
  const at = target.indexOf('?')
  return new URLSearchParams(at === -1 ? '' : target.slice(at + 1))
}

/** Undefined for what is not in the list: an address that was typed by hand shows more, never an error. */
export function oneOf<Value extends string>(
  allowed: readonly Value[],
  text: string | null | undefined,
): Value | undefined {
  return allowed.find((value) => value === text)
}

export function wholeNumber(text: string | null | undefined, most = Number.MAX_SAFE_INTEGER): number | undefined {
  if (!text || !/^\d{1,15}$/.test(text)) return undefined
  return Math.min(Number(text), most)
}

export function day(text: string | null | undefined): CivilDate | undefined {
  if (!text || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined
  try {
    return civilDate(text)
  } catch (error) {
    throw new AppError('invalid', `tanggal "${text}" tidak ada; tulis TTTT-BB-HH`, { cause: error })
  }
}

/** The number in a path. @throws AppError `not-found` */
export function idOf(params: Record<string, string>, name = 'id'): number {
  const id = wholeNumber(params[name])
  if (id === undefined) throw new AppError('not-found', 'halaman ini tidak ada')
  return id
}

/** What was asked for, without what was not. */
export function given<View extends object>(view: { [Key in keyof View]: View[Key] | undefined }): View {
  return Object.fromEntries(Object.entries(view).filter(([, value]) => value !== undefined)) as View
}

/** Whom or what the audit is told that a request is about: `kind`, by the number in its path. */
export function subjectOf(kind: string): NonNullable<RouteAudit['subject']> {
  return ({ params }) => ({ kind, id: wholeNumber(params.id) ?? null })
}

/** A text that a form must bring. @throws AppError `invalid` */
export function required(form: Record<string, string>, name: string, label: string): string {
  const text = optional(form, name)
  if (text === undefined) throw new AppError('invalid', `${label}: wajib diisi`)
  return text
}

/** @throws AppError `invalid` when it is longer than a note may be. */
export function optional(form: Record<string, string>, name: string): string | undefined {
  const text = (form[name] ?? '').trim()
  if (text.length > longestText) {
    throw new AppError('invalid', `teks terlalu panjang: ${text.length} huruf; paling banyak ${longestText}`)
  }
  return text === '' ? undefined : text
}

const longestText = 2000
const SEARCH = 'console.search'

/**
 * The address of a list as a filter form asked for it: empty fields left out, and `q`, which may well be somebody's name or
 * number, sealed as `s`: addresses end up in histories and logs.
 */
export function viewQuery(
  form: Record<string, string>,
  { names, vault }: { names: readonly string[]; vault: Db['vault'] },
): Record<string, string> {
  const given = names.flatMap((name): [string, string][] => (form[name] ? [[name, form[name]]] : []))
  const search = (form.q ?? '').trim().slice(0, 200)
  return { ...(search !== '' && { s: vault.seal(search, SEARCH) }), ...Object.fromEntries(given) }
}

/** What was searched for. @throws AppError `invalid` for an address that is damaged or sealed by a key long gone. */
export function searchOf(query: URLSearchParams, vault: Db['vault']): string | undefined {
  const sealed = query.get('s')
  if (!sealed) return undefined
  try {
    return vault.open(sealed, SEARCH)
  } catch (error) {
    throw new AppError('invalid', 'tautan pencarian ini tidak berlaku lagi: cari sekali lagi', { cause: error })
  }
}

/** The query with some values changed; null and '' take one away. */
export function withQuery(query: URLSearchParams, changes: Record<string, string | number | null>): string {
  const changed = new URLSearchParams(query)
  changed.delete('said')
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') changed.delete(name)
    else changed.set(name, String(value))
  }
  const text = changed.toString()
  return text === '' ? '' : `?${text}`
}
