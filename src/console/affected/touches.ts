/** What was done with somebody's data. */
export const DEEDS = [
  'viewed',
  'exported',
  'changed',
  'listed',
  'searched',
  'imported',
  'sent',
  'mailed',
  'restored',
  'erased',
] as const
export type Deed = (typeof DEEDS)[number]

/** Kinds of data, in the letter's own order. */
export const KINDS = ['identity', 'passport', 'contact', 'permit', 'messages', 'case'] as const
export type Kind = (typeof KINDS)[number]

export type Touch = {
  deed: Deed
  kinds: readonly Kind[]
  /** False: it was in a list that may have shown the person, or something of the kind. */
  certain: boolean
  /** Epoch ms. */
  first: number
  last: number
  by: readonly string[]
}

const ALL = KINDS
const LIST: readonly Kind[] = ['identity', 'contact', 'permit']
const OVERSTAYS: readonly Kind[] = ['identity', 'contact', 'permit', 'case']

/** Whom an entry of the audit is about when it names nobody. */
export type Reach = 'everybody' | 'open-cases' | 'corrected' | 'nobody'

type Meaning = { deed: Deed; kinds: readonly Kind[]; reach: Reach }

/**
 * What an action of the audit does with data. One that names its subject touches that person for certain; one that does not may
 * have shown anybody whom it reaches. An action that is not here and has a subject counts as a look at everything.
 */
export function meaningOf(action: string, hasSubject: boolean): Meaning {
  const known = WITHOUT_SUBJECT[action]
  if (!hasSubject) return known ?? { deed: 'viewed', kinds: [], reach: 'nobody' }
  return {
    deed: deedOf(action),
    kinds: action.startsWith('delivery.') ? ['contact', 'messages'] : ALL,
    reach: 'nobody',
  }
}

/** The same kind of touch, several times. */
export function together(one: Touch | undefined, other: Touch): Touch {
  if (!one) return other
  return {
    deed: other.deed,
    kinds: KINDS.filter((kind) => one.kinds.includes(kind) || other.kinds.includes(kind)),
    certain: one.certain || other.certain,
    first: Math.min(one.first, other.first),
    last: Math.max(one.last, other.last),
    by: [...new Set([...one.by, ...other.by])].sort(),
  }
}

function deedOf(action: string): Deed {
  if (/export|proof/.test(action)) return 'exported'
  if (action === 'person.erase') return 'erased'
  return /\.view$/.test(action) ? 'viewed' : 'changed'
}

const WITHOUT_SUBJECT: Readonly<Record<string, Meaning>> = {
  'residents.list': { deed: 'listed', kinds: LIST, reach: 'everybody' },
  'residents.filter': { deed: 'searched', kinds: LIST, reach: 'everybody' },
  search: { deed: 'searched', kinds: LIST, reach: 'everybody' },
  'plan.list': { deed: 'listed', kinds: LIST, reach: 'everybody' },
  'today.view': { deed: 'listed', kinds: LIST, reach: 'everybody' },
  'deliveries.list': { deed: 'listed', kinds: [...LIST, 'messages'], reach: 'everybody' },
  'follow-ups.list': { deed: 'listed', kinds: LIST, reach: 'everybody' },
  'import.view': { deed: 'listed', kinds: ['identity'], reach: 'everybody' },
  'overstays.list': { deed: 'listed', kinds: OVERSTAYS, reach: 'open-cases' },
  'overstays.filter': { deed: 'searched', kinds: OVERSTAYS, reach: 'open-cases' },
  'overstays.print': { deed: 'exported', kinds: OVERSTAYS, reach: 'open-cases' },
  'overstays.export-csv': { deed: 'exported', kinds: OVERSTAYS, reach: 'open-cases' },
  'overstays.export-xlsx': { deed: 'exported', kinds: OVERSTAYS, reach: 'open-cases' },
  'corrections.export-csv': { deed: 'exported', kinds: LIST, reach: 'corrected' },
  affected: { deed: 'exported', kinds: LIST, reach: 'everybody' },
  'backup.restore': { deed: 'restored', kinds: ALL, reach: 'everybody' },
}
