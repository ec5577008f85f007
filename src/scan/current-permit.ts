import type { CivilDate } from '../lib/civil-date.ts'

type Dated = { permitNo: string; issuedOn: CivilDate | null; expiresOn: CivilDate }

/**
 * The permit that decides for a resident: the latest `issuedOn`; where one is missing, the latest `expiresOn`.
 * `conflict`: the dates do not settle it, so an officer must look: one that is known to be the latest issued ends
 * earlier than the one chosen, or two issued on one day end differently. `permits` must not be empty.
 */
export function currentPermit<Permit extends Dated>(permits: Permit[]): { permit: Permit; conflict: boolean } {
  const latestIssued = permits.filter(({ issuedOn }) => issuedOn !== null).sort(byIssue)[0]
  if (permits.every(({ issuedOn }) => issuedOn !== null) && latestIssued) {
    const rivals = permits.filter(({ issuedOn }) => issuedOn === latestIssued.issuedOn)
    return { permit: latestIssued, conflict: rivals.some(({ expiresOn }) => expiresOn !== latestIssued.expiresOn) }
  }
  const permit = permits.toSorted(byExpiry)[0]
  if (!permit) throw new RangeError('a resident without permits has no current one')
  return { permit, conflict: latestIssued !== undefined && latestIssued.expiresOn !== permit.expiresOn }
}

function byIssue(a: Dated, b: Dated): number {
  return later(a.issuedOn, b.issuedOn) || byExpiry(a, b)
}

function byExpiry(a: Dated, b: Dated): number {
  return later(a.expiresOn, b.expiresOn) || later(a.permitNo, b.permitNo)
}

function later(a: string | null, b: string | null): number {
  if (a === b) return 0
  return (a ?? '') > (b ?? '') ? -1 : 1
}
