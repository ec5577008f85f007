import { describe, expect, it } from 'vitest'
import { civilDate } from '../lib/civil-date.ts'
import { calendarFile } from './calendar.ts'

const day = { id: 'a@b', date: civilDate('2026-12-31'), summary: 'Ends', description: 'x' }

describe('a calendar file', () => {
  it('has a whole day, that ends with the next one', () => {
    const text = calendarFile([day], 0)
    expect(text).toContain('DTSTART;VALUE=DATE:20261231\r\nDTEND;VALUE=DATE:20270101\r\n')
    expect(text).toContain('DTSTAMP:19700101T000000Z\r\n')
    expect(text.startsWith('BEGIN:VCALENDAR\r\nVERSION:2.0\r\n')).toBe(true)
    expect(text.endsWith('END:VCALENDAR\r\n')).toBe(true)
  })

  it('escapes what would end a value', () => {
    const text = calendarFile([{ ...day, summary: 'a,b;c\\d', description: 'one\ntwo' }], 0)
    expect(text).toContain('SUMMARY:a\\,b\\;c\\\\d\r\n')
    expect(text).toContain('DESCRIPTION:one\\ntwo\r\n')
  })

  it('folds long lines between characters, none longer than 75 bytes', () => {
    const summary = '居留許可即將到期'.repeat(12)
    const text = calendarFile([{ ...day, summary }], 0)
    const lines = text.split('\r\n')
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(75)
    expect(text.replaceAll('\r\n ', '')).toContain(`SUMMARY:${summary}`)
  })
})
