import type { CivilDate } from '../lib/civil-date.ts'

type Dated = { permit_no: string; issued_on: CivilDate | null; expires_on: CivilDate }

/**
 * The permit that decides for a resident: the latest `issued_on`; where one is missing, the latest `expires_on`.
 * `conflict`: the dates do not settle it, so an officer must look: one that is known to be the latest issued ends
 * earlier than the one chosen, or two issued on one day end differently. Undefined only where there are no permits.
 */
export function currentPermit<Permit extends Dated>(
  permits: readonly Permit[],
): { permit: Permit; conflict: boolean } | undefined {
  const issued = permits.filter(({ issued_on }) => issued_on !== null).sort(byIssue)
  const latestIssued = issued[0]
  if (latestIssued && issued.length === permits.length) {
    const rivals = issued.filter(({ issued_on }) => issued_on === latestIssued.issued_on)
    return { permit: latestIssued, conflict: rivals.some(({ expires_on }) => expires_on !== latestIssued.expires_on) }
  }
  const permit = permits.toSorted(byExpiry)[0]
  if (!permit) return undefined
  return { permit, conflict: latestIssued !== undefined && latestIssued.expires_on !== permit.expires_on }
}

function byIssue(a: Dated, b: Dated): number {
  return laterFirst(a.issued_on ?? '', b.issued_on ?? '') || byExpiry(a, b)
}

function byExpiry(a: Dated, b: Dated): number {
  return laterFirst(a.expires_on, b.expires_on) || laterFirst(a.permit_no, b.permit_no)
}

function laterFirst(a: string, b: string): number {
  if (a === b) return 0
  return a > b ? -1 : 1
}
