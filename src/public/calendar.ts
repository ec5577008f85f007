import { addDays, type CivilDate } from '../lib/civil-date.ts'

export type CalendarDay = { id: string; date: CivilDate; summary: string; description: string }

/** An iCalendar file (RFC 5545) with one all-day event for each day, and a reminder the morning before. `now` is epoch ms. */
export function calendarFile(days: readonly CalendarDay[], now: number): string {
  const stamp = utcStamp(now)
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Tenggat//Note page//EN',
    'METHOD:PUBLISH',
    ...days.flatMap((day) => eventLines(day, stamp)),
    'END:VCALENDAR',
  ]
  return `${lines.flatMap(folded).join('\r\n')}\r\n`
}

function eventLines({ id, date, summary, description }: CalendarDay, stamp: string): string[] {
  return [
    'BEGIN:VEVENT',
    `UID:${id}`,
    `DTSTAMP:${stamp}`,
    `DTSTART;VALUE=DATE:${basic(date)}`,
    `DTEND;VALUE=DATE:${basic(addDays(date, 1))}`,
    `SUMMARY:${escaped(summary)}`,
    `DESCRIPTION:${escaped(description)}`,
    'TRANSP:TRANSPARENT',
    'BEGIN:VALARM',
    'ACTION:DISPLAY',
    `DESCRIPTION:${escaped(summary)}`,
    'TRIGGER:-PT15H',
    'END:VALARM',
    'END:VEVENT',
  ]
}

function basic(date: CivilDate): string {
  return date.replaceAll('-', '')
}

function utcStamp(now: number): string {
  const instant = Temporal.Instant.fromEpochMilliseconds(now).toString({ smallestUnit: 'second' })
  return instant.replaceAll(/[-:]/g, '')
}

function escaped(text: string): string {
  return text.replaceAll(/[\\;,]/g, '\\$&').replaceAll(/\r?\n/g, '\\n')
}

/** At most 75 bytes a line, never inside a character; the rest goes on after a space. */
function folded(line: string): string[] {
  const lines: string[] = []
  let part = ''
  for (const character of line) {
    if (Buffer.byteLength(part + character) > 75) {
      lines.push(part)
      part = ' '
    }
    part += character
  }
  return [...lines, part]
}
