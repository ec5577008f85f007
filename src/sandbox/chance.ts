import { createHash } from 'node:crypto'

/** A number in [0, 1) that depends on its arguments alone: the same seed and key always draw the same lot. */
export function chance(...key: (string | number)[]): number {
  return digest(key).readUInt32BE(0) / 2 ** 32
}

/** 32 lower-case hexadecimal digits that depend on the arguments alone. */
export function hex32(...key: (string | number)[]): string {
  return digest(key).toString('hex').slice(0, 32)
}

function digest(key: (string | number)[]): Buffer {
  return createHash('sha256').update(key.join('\u0000')).digest()
}
