/** No 0/O, 1/I/L: a reference is read out over the telephone. */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTUVWXYZ'

/** A notice's short code, `BLT-7K3Q`: random, meaningless outside. `random` gives [0, 1). */
export function newReference(officeCode: string, length: number, random: () => number): string {
  let code = ''
  for (let i = 0; i < length; i++) code += ALPHABET[Math.floor(random() * ALPHABET.length)]
  return `${officeCode}-${code}`
}
