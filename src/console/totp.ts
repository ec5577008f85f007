import type { Vault } from '../db/seal.ts'

const STEP_S = 30

export async function newTotpSecret(): Promise<string> {
  const { generateSecret } = await import('otplib')
  return generateSecret()
}

/** The secret as an app scans it: an SVG that needs neither script nor style. */
export async function totpQr(options: { secret: string; issuer: string; label: string }): Promise<string> {
  const [{ toString: drawQr }, { generateURI }] = await Promise.all([import('qrcode'), import('otplib')])
  return drawQr(generateURI(options), { type: 'svg', margin: 2, errorCorrectionLevel: 'M' })
}

/**
 * The time step of this code, one step early or late allowed; null when it is wrong or its step was taken already.
 * @param lastStep of the last code that was taken
 */
export async function totpStep(options: {
  secret: string
  code: string
  now: number
  lastStep: number | null
}): Promise<number | null> {
  const token = options.code.replaceAll(/\s/g, '')
  if (!/^\d{6}$/.test(token)) return null
  const { verifySync } = await import('otplib')
  const epoch = Math.floor(options.now / 1000)
  const result = verifySync({ secret: options.secret, token, epoch, epochTolerance: STEP_S })
  if (!result.valid) return null
  const step = Math.floor(epoch / STEP_S) + result.delta
  return options.lastStep !== null && step <= options.lastStep ? null : step
}

/** Digest of a recovery code under a key that no database holds: 50 bits alone could be tried out one by one. */
export function recoveryHash(vault: Pick<Vault, 'blind'>, code: string): string {
  return vault.blind(code.toLowerCase().replaceAll(/[^a-z0-9]/g, ''), 'recovery code')
}
