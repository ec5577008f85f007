import type { Exchange } from './exchange.ts'
import { Form } from './form.ts'
import { refuse } from './refusals.ts'

const pageParameters = ['PageSize', 'Page', 'PageToken']

export type List<T> = {
  /** Newest first, already filtered. */
  items: T[]
  /** The request's path and query, as they came. */
  url: string
  /** The name of the array in the answer. */
  key: string
  render: (item: T) => Record<string, unknown>
}

/** The query of a list request; refuses filters that the carrier does not know. */
export function readQuery(url: string, filters: readonly string[]): Form {
  const form = new Form(new URL(url, 'http://sandbox').searchParams)
  form.allow({ known: [...filters, ...pageParameters] })
  return form
}

/** One page of a list. A page follows the last item of the one before it, so new items never shift it. */
export function pageOf<T extends { sid: string }>({ items, url, key, render }: List<T>): Record<string, unknown> {
  const { pathname, searchParams } = new URL(url, 'http://sandbox')
  const form = new Form(searchParams)
  const size = form.whole('PageSize', { from: 1, to: 1000, code: 20007 }) ?? 50
  const page = form.whole('Page', { from: 0, to: 1_000_000 }) ?? 0
  const from = startOf(items, form.text('PageToken'), page * size)
  const shown = items.slice(from, from + size)
  const link = (number: number, after?: T): string => {
    const query = new URLSearchParams(searchParams)
    query.set('PageSize', String(size))
    query.set('Page', String(number))
    query.delete('PageToken')
    if (after) query.set('PageToken', `PA${after.sid}`)
    return `${pathname}?${query}`
  }
  const more = from + size < items.length
  return {
    first_page_uri: link(0),
    next_page_uri: more ? link(page + 1, shown.at(-1)) : null,
    previous_page_uri: page === 0 ? null : link(page - 1, items[from - size - 1]),
    page,
    page_size: size,
    start: page * size,
    end: page * size + Math.max(0, shown.length - 1),
    uri: `${pathname}${searchParams.size > 0 ? `?${searchParams}` : ''}`,
    [key]: shown.map(render),
  }
}

/** Whether an instant (null: not yet known) passes the filters `Name`, `Name<` and `Name>`; bounds are inclusive. */
export function inTime(form: Form, name: string, instant: number | null): boolean {
  const filters = [`${name}`, `${name}<`, `${name}>`] as const
  if (!filters.some((filter) => form.has(filter))) return true
  const [on, before, after] = filters.map((filter) => readInstant(form, filter))
  if (instant === null) return false
  const second = Math.floor(instant / 1000) * 1000
  if (on && (second < on.from || second > on.to)) return false
  return !(before && second > before.to) && !(after && second < after.from)
}

/** Lists lag behind: a new resource shows in them only after a while. */
export function listed({ clock, behaviour, faults }: Exchange, record: { createdAt: number }): boolean {
  const delay = faults.standing('listing-delay')?.ms ?? behaviour().listingDelayMs
  return clock.now() >= record.createdAt + delay
}

/** A whole UTC day for `YYYY-MM-DD`, one second for a date with a time. */
function readInstant(form: Form, name: string): { from: number; to: number } | undefined {
  const text = form.text(name)
  if (text === undefined) return undefined
  const from = /^\d{4}-\d{2}-\d{2}([T ].*)?$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(from)) refuse(20001, `${name} is not a date: ${text}`)
  return { from, to: text.length === 10 ? from + 24 * 60 * 60 * 1000 - 1 : from }
}

function startOf<T extends { sid: string }>(items: T[], token: string | undefined, otherwise: number): number {
  if (token === undefined) return otherwise
  const last = items.findIndex(({ sid }) => `PA${sid}` === token)
  return last < 0 ? refuse(20001, 'PageToken') : last + 1
}
