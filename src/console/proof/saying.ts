import type { Channel, Role } from '../../db/schema.ts'
import { type CivilDate, dateAt, timeAt } from '../../lib/civil-date.ts'
import type { Office } from '../../lib/office.ts'
import { stageName } from '../../lib/stage-name.ts'
import { dateText } from '../figures.ts'
import type { Language } from '../officer.ts'
import type { Sayings } from '../say.ts'
import type { Translate } from '../words.ts'

/** How the proof says things, in the officer's language and the office's time. */
export type Saying = Sayings & {
  t: Translate
  language: Language
  date(date: CivilDate | null): string
  /** To the second: "22 November 2026 08.30.05". */
  instant(instant: number): string
  /** "Asia/Jakarta, WIB". */
  zone: string
  /** `14` is "H-14". */
  stage(stage: number): string
  /** "SMS ke +62 812-3456-789 (WNA)". */
  told(to: { channel: Channel; phone: string; role: Role }): string
}

export function sayingFor({
  t,
  sayings,
  language,
  office,
  now,
}: {
  t: Translate
  sayings: Sayings
  language: Language
  office: Pick<Office, 'timeZone'>
  now: number
}): Saying {
  const { timeZone } = office
  const date = (value: CivilDate | null) => dateText(value, language)
  return {
    ...sayings,
    t,
    language,
    date,
    instant: (instant) => {
      const time = `${timeAt(instant, timeZone)}:${secondsOf(instant)}`
      return `${date(dateAt(instant, timeZone))} ${language === 'id' ? time.replaceAll(':', '.') : time}`
    },
    zone: `${timeZone}, ${zoneName(timeZone, now)}`,
    stage: stageName,
    told: ({ channel, phone, role }) =>
      t('proof.told', {
        channel: sayings.label('channel', channel),
        phone: sayings.phone(phone),
        role: role === 'sponsor' ? t('person.sponsor') : t('proof.resident'),
      }),
  }
}

/** Time zones differ by whole minutes. */
function secondsOf(instant: number): string {
  return String(Math.floor(instant / 1000) % 60).padStart(2, '0')
}

function zoneName(timeZone: string, now: number): string {
  const parts = new Intl.DateTimeFormat('id-ID', { timeZone, timeZoneName: 'short' }).formatToParts(now)
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? timeZone
}
