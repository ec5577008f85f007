import { sentenceFor } from '../deliver/twilio/errors.ts'
import type { Language } from './officer.ts'
import type { Translate } from './words.ts'

/** `told` is the alarm's own detail in words; null where it says no more than `is`. */
export type AlarmWords = { name: string; is: string; told: string | null; todo: string }

/**
 * What an alarm means and what to do about it. A kind such as `duty:scan` that has no words of its own has those of `duty`;
 * one that nobody wrote words for is still named.
 */
export function alarmWords(
  t: Translate,
  { kind, detail, language }: { kind: string; detail: string; language: Language },
): AlarmWords {
  const [family = kind, member] = kind.split(':')
  const name = member === undefined ? kind : t.has(`duty.${member}`) ? t(`duty.${member}`) : member
  const say = (group: string, others: string) => {
    const key = [kind, family].find((one) => t.has(`${group}.${one}`)) ?? others
    return t(`${group}.${key}`, { name })
  }
  return {
    name: t.has(`alarm.${kind}`) ? t(`alarm.${kind}`) : say('alarmName', 'other'),
    is: say('alarmIs', 'other'),
    told: toldBy(t, detail, language),
    todo: say('alarmDo', 'other'),
  }
}

/** `account:20003` is the carrier's code; `breaker` is said by the kind itself. */
function toldBy(t: Translate, detail: string, language: Language): string | null {
  const code = /^[a-z-]+:(\d+)$/.exec(detail)?.[1]
  if (code !== undefined) return `${code}: ${sentenceFor(Number(code), language)}`
  if (detail === 'breaker' || detail === '') return null
  return t.has(`reason.${detail}`) ? t(`reason.${detail}`) : detail
}
