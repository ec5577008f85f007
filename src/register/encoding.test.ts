import { describe, expect, it } from 'vitest'
import { encodingFault, firstInvalidByte } from './encoding.ts'

describe('firstInvalidByte', () => {
  it.each([
    ['Grüße', -1],
    ['ab\xe9', 2],
    ['\xe9l', 0],
    ['ab\xf0\x9f\x98', 2],
    ['\xef\xbf\xbd\xef\xbf\xbdé\xff', 6],
  ])('of %j is %d', (text, at) => {
    const bytes = at === -1 ? Buffer.from(text) : Buffer.from(text, 'latin1')
    expect(firstInvalidByte(bytes)).toBe(at)
  })
})

describe('encodingFault', () => {
  it('lets single bad lines pass, to be rejected as rows', () => {
    expect(encodingFault(Buffer.from('a,b\nx\nRen\xe9\ny\n', 'latin1'))).toBeNull()
  })

  it('refuses a file of which most lines are bad, naming the first', () => {
    expect(encodingFault(Buffer.from('a,b\nx\nRen\xe9\nZo\xe9\n', 'latin1'))?.en).toContain(
      '(Windows-1252?): byte 9, line 3',
    )
  })

  it('suspects no Western text in what is not', () => {
    const shiftJis = Buffer.from('966491cc0a', 'hex')
    expect(encodingFault(Buffer.concat([shiftJis, shiftJis]))?.en).toMatch(/^is not UTF-8: byte 0, line 1/)
  })

  it('is not misled by a character that the first bytes cut in two', () => {
    expect(encodingFault(Buffer.from('a,b\nx\nTh\u0e2a').subarray(0, -1))).toBeNull()
  })
})
