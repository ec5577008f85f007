import { createRequire } from 'node:module'
import type * as library from 'libphonenumber-js/max'
import { lazily } from './lazily.ts'

const require = createRequire(import.meta.url)

/** Every country's rules for numbers, loaded when the first number is read: most starts and most days read none. */
export const phoneLibrary = lazily(() => require('libphonenumber-js/max') as typeof library)
