import { plain } from './dates.ts'
import { apart, longValues, type NoticeFacts, noticeText, situationOf } from './notice.ts'
import { countSegments, type Segments } from './segments.ts'
import type { Template } from './template.ts'

export type { NoticeFacts } from './notice.ts'
export { endedWords, homeWords, type PageFacts, type PageWords, pageWords, permitKindWords } from './page-words.ts'

export type VoiceFacts = Pick<NoticeFacts, 'expiresOn' | 'lastFilingDay' | 'late' | 'comeOn' | 'extend' | 'overstay'>

/** Something to be spoken: plain text, and the same with pauses. `brief` is for a note that says it in a second language too. */
export type Script = { text: string; ssml: string; brief?: Script }

/** Who speaks, when the permit ends, what to do: the repetition and the farewell come after. */
const BRIEF_SENTENCES = 3

export type CallWord = keyof Template['call']

/**
 * The body of the SMS, with short dates. Where the list of several permits is, where to apply and how to check that the
 * message is real are said only where they cost no further segment.
 */
export function smsWords(template: Template, facts: NoticeFacts): { body: string } & Segments {
  const { say, sms } = template
  let sentences = [noticeText(template, facts, 'short')]
  let sent = measured(template, facts, sentences)
  const mayApply = situationOf(facts) === 'due' && facts.extend === 'yes'
  const extras = [...(facts.count > 1 ? [sms.list] : []), ...(mayApply ? [sms.online] : []), sms.check]
  for (const extra of extras) {
    const longer = [...sentences, say(extra)]
    const candidate = measured(template, facts, longer)
    if (candidate.encoding !== sent.encoding || candidate.segments > sent.segments) continue
    sentences = longer
    sent = candidate
  }
  return sent
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

/** What answers somebody who writes to us by WhatsApp: `stopped` after an opt-out, else that the number is automatic. */
export function whatsappReply(
  template: Template,
  reply: 'stopped' | 'automatic',
  office: Pick<NoticeFacts, 'officePhone'>,
): string {
  return template.say(template.whatsapp[reply], { phone: apart(template, office.officePhone) })
}

/** The voice note. It depends on the language and these facts alone, so one recording serves everyone they fit. */
export function voiceScript(template: Template, facts: VoiceFacts): Script {
  const values = {
    expires: template.dates.spoken(facts.expiresOn),
    last_day: template.dates.spoken(facts.lastFilingDay),
    come_on: template.dates.spoken(facts.comeOn),
    extend: facts.extend,
  }
  const sentences = template.voice[situationOf(facts)].map((sentence) => template.say(sentence, values))
  return { ...script(template, sentences), brief: script(template, sentences.slice(0, BRIEF_SENTENCES)) }
}

/** What is spoken around the voice note in a call. */
export function callScript(template: Template, word: CallWord): Script {
  return script(template, [template.say(template.call[word])])
}

function measured(template: Template, facts: NoticeFacts, sentences: string[]): { body: string } & Segments {
  const { say, sms, space } = template
  const body = plain(
    say(sms.body, {
      office: facts.officeShortName,
      notice: sentences.join(space),
      phone: facts.officePhone,
      reference: facts.reference,
      link: facts.link,
    }),
  )
  return { body, ...countSegments(body) }
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
