import { createRequire } from 'node:module'
import type * as library from 'libphonenumber-js/max'

const require = createRequire(import.meta.url)
let loaded: typeof library | undefined

/** Every country's rules for numbers, loaded when the first number is read: most starts and most days read none. */
export function phoneLibrary(): typeof library {
  loaded ??= require('libphonenumber-js/max') as typeof library
  return loaded
}
