/** Registers smaller than this are being set up: anything may change. */
const SMALLEST_REGISTER = 10

export type Brake = { stop: false } | { stop: true; reason: { id: string; en: string } }

/**
 * Whether an import looks like the wrong file, or like columns that slipped: of the residents whose permit still runs,
 * more than half would be changed or are left out. A renewed permit is no change. Whoever's permit is long over has
 * usually left, so their absence says nothing; counting them would stop every import after some years.
 */
export function brake(register: { running: number; changed: number; leftOut: number; force: boolean }): Brake {
  const { running, changed, leftOut, force } = register
  if (force || running < SMALLEST_REGISTER || (changed + leftOut) * 2 <= running) return { stop: false }
  return {
    stop: true,
    reason: {
      id: `dari ${running} WNA yang izinnya masih berlaku, ${changed} akan berubah dan ${leftOut} tidak ada dalam berkas; itu lebih dari separuh. Periksa berkasnya; jika benar, ulangi dengan --force`,
      en: `of ${running} residents whose permit still runs, ${changed} would change and ${leftOut} are not in the file; that is more than half. Check the file; if it is right, repeat with --force`,
    },
  }
}
