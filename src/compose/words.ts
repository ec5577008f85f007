import { plain } from './dates.ts'
import { longValues, type NoticeFacts, noticeText, situationOf } from './notice.ts'
import { countSegments, SEGMENT_LIMIT, type Segments } from './segments.ts'
import type { Template } from './template.ts'

export type { NoticeFacts } from './notice.ts'
export { endedWords, homeWords, type PageFacts, type PageWords, pageWords, permitKindWords } from './page-words.ts'

export type VoiceFacts = Pick<NoticeFacts, 'expiresOn' | 'lastFilingDay' | 'late' | 'comeOn' | 'extend' | 'overstay'>

/** Something to be spoken: plain text, and the same with pauses. */
export type Script = { text: string; ssml: string }

export type CallWord = keyof Template['call']

/** The body of the SMS, with short dates; extras go in only where they cost no further segment. */
export function smsWords(template: Template, facts: NoticeFacts): { body: string } & Segments {
  const { say, sms } = template
  const notice = noticeText(template, facts, 'short')
  const write = (extras: string[]) =>
    plain(
      say(sms.body, {
        office: facts.officeShortName,
        notice: [notice, ...extras].join(template.space),
        phone: facts.officePhone,
        reference: facts.reference,
        link: facts.link,
      }),
    )
  const mayApply = situationOf(facts) === 'due' && facts.extend === 'yes'
  const shortest = { body: write([]), ...countSegments(write([])) }
  const candidates = [...(mayApply ? [[sms.online, sms.check], [sms.online]] : []), [sms.check]]
  for (const extras of candidates) {
    const body = write(extras.map((extra) => say(extra)))
    const segments = countSegments(body)
    if (segments.encoding === shortest.encoding && segments.segments <= Math.min(shortest.segments, SEGMENT_LIMIT[segments.encoding])) {
      return { body, ...segments }
    }
  }
  return shortest
}

/**
 * The approved WhatsApp template (`due` also serves late notices) as the carrier holds it, with {{1}}, {{2}} ... in the
 * order of first appearance, its variables by number, and the text that the resident reads.
 */
export function whatsappWords(
  template: Template,
  facts: NoticeFacts,
): { name: 'due' | 'overstay'; body: string; variables: Record<string, string>; text: string } {
  const name = facts.overstay ? 'overstay' : 'due'
  const values = longValues(template, facts)
  const message = template.whatsapp[name]
  const numbers = new Map<string, string>()
  for (const [, argument = ''] of message.matchAll(/\{(\w+)\}/g)) {
    if (!numbers.has(argument)) numbers.set(argument, String(numbers.size + 1))
  }
  return {
    name,
    body: message.replaceAll(/\{(\w+)\}/g, (_, argument: string) => `{{${numbers.get(argument)}}}`),
    variables: Object.fromEntries(Array.from(numbers, ([argument, number]) => [number, String(values[argument])])),
    text: template.say(message, values),
  }
}

/** The voice note. It depends on the language and these facts alone, so one recording serves everyone they fit. */
export function voiceScript(template: Template, facts: VoiceFacts): Script {
  const values = {
    expires: template.dates.spoken(facts.expiresOn),
    last_day: template.dates.spoken(facts.lastFilingDay),
    come_on: template.dates.spoken(facts.comeOn),
    extend: facts.extend,
  }
  return script(template, template.voice[situationOf(facts)].map((sentence) => template.say(sentence, values)))
}

/** What is spoken around the voice note in a call. */
export function callScript(template: Template, word: CallWord): Script {
  return script(template, [template.say(template.call[word])])
}

function script(template: Template, sentences: string[]): Script {
  const spoken = sentences.filter((sentence) => sentence !== '')
  return {
    text: spoken.join(template.space),
    ssml: `<speak>${spoken.map(escapeXml).join('<break time="600ms"/>')}</speak>`,
  }
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
