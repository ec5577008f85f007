import { DrizzleQueryError } from 'drizzle-orm/errors'
import { describe, expect, it } from 'vitest'
import { AppError } from './errors.ts'
import { faultText } from './fault-text.ts'

describe('the text of a fault', () => {
  it('is an AppError’s own words', () => {
    expect(faultText(new AppError('unavailable', 'the voice is out of reach'))).toBe('the voice is out of reach')
  })

  it('names any other error by kind, code and place, and never repeats its message', () => {
    const cause = Object.assign(new TypeError('bad +628123456789'), { code: 'SQLITE_BUSY' })
    const text = faultText(new DrizzleQueryError('insert into residents', ['+628123456789'], cause))
    expect(text).toMatch(/^DrizzleQueryError, because of TypeError SQLITE_BUSY at src\/lib\/fault-text\.test\.ts:\d+$/)
  })

  it('does not take a place out of the message', () => {
    const error = new Error('src/secret/passport-C01X00T47.ts:1\n    in src/secret/x.ts:2')
    expect(faultText(error)).toMatch(/^Error at src\/lib\/fault-text\.test\.ts:\d+$/)
  })

  it('says only the type of what is no error', () => {
    expect(faultText('+628123456789')).toBe('a thrown string')
  })
})
