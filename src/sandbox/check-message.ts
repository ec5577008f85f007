import { SegmentedMessage } from 'sms-segments-calculator'
import { type Behaviour, senderFor, type Template } from './behaviour.ts'
import type { Exchange } from './exchange.ts'
import { type Form, isCallableUrl } from './form.ts'
import { isSenderName, numberKind } from './numbers.ts'
import { type Button, type MessageRecord, phoneOf } from './records.ts'
import { refuse } from './refusals.ts'

const known = [
  'To From MessagingServiceSid Body MediaUrl ContentSid ContentVariables StatusCallback ValidityPeriod ScheduleType',
  'SendAt SmartEncoded ProvideFeedback Attempt ForceDelivery MaxPrice ContentRetention AddressRetention RiskCheck',
  'MessageIntent TrafficType',
].flatMap((names) => names.split(' '))
const notSimulated = ['ApplicationSid', 'PersistentAction', 'ShortenUrls', 'SendAsMms', 'FallbackFrom']

export type MessageDraft = Omit<MessageRecord, 'sid' | 'serial' | 'createdAt' | 'updatedAt' | 'sentAt' | 'direction'>

/** What the client wants sent. Throws a Refusal with the code that Twilio would refuse it with. */
export function readMessage(form: Form, exchange: Exchange): MessageDraft {
  form.allow({ known, notSimulated })
  const to = form.text('To') ?? refuse(21604)
  const from = form.text('From') ?? null
  const messagingServiceSid = form.text('MessagingServiceSid') ?? null
  if (from === null && messagingServiceSid === null) refuse(21603)
  const content = readContent(form, exchange.behaviour())
  const late = checkAddresses({ to, from, messagingServiceSid, exchange, mediaUrls: content.mediaUrls })
  const schedule = readSchedule(form, { messagingServiceSid, now: exchange.clock.now() })
  const validityS = form.whole('ValidityPeriod', { from: 1, to: 36_000, code: 90007 }) ?? 36_000
  return {
    ...content,
    channel: to.startsWith('whatsapp:') ? 'whatsapp' : 'sms',
    to,
    from,
    messagingServiceSid,
    segments: to.startsWith('whatsapp:') ? 1 : segmentsOf(content.body, form.text('SmartEncoded') === 'true'),
    status: schedule === null ? (messagingServiceSid ? 'accepted' : 'queued') : 'scheduled',
    errorCode: null,
    doomedBy: late ?? content.doomedBy,
    sendAt: schedule,
    validityS,
    statusCallback: form.url('StatusCallback', 21609) ?? null,
  }
}

type Content = Pick<MessageDraft, 'body' | 'contentSid' | 'buttons' | 'mediaUrls' | 'doomedBy'>

function readContent(form: Form, behaviour: Behaviour): Content {
  const body = form.text('Body') ?? ''
  const mediaUrls = form.all('MediaUrl')
  const contentSid = form.text('ContentSid') ?? null
  if (contentSid === null && form.has('ContentVariables')) refuse(21654)
  if (contentSid !== null) {
    if (body !== '' || mediaUrls.length > 0) refuse(20001, 'ContentSid goes without Body and MediaUrl')
    return { contentSid, mediaUrls, ...fillTemplate(contentSid, form.text('ContentVariables'), behaviour) }
  }
  if (body === '' && mediaUrls.length === 0) refuse(21602)
  if (body.length > 1600) refuse(21617)
  if (mediaUrls.length > 10) refuse(21623)
  const bad = mediaUrls.find((url) => !isCallableUrl(url))
  if (bad !== undefined) refuse(21620, `Invalid media URL: ${bad}`)
  return { body, contentSid, mediaUrls, buttons: [], doomedBy: null }
}

function fillTemplate(
  sid: string,
  variables: string | undefined,
  behaviour: Behaviour,
): Pick<Content, 'body' | 'buttons' | 'doomedBy'> {
  const values = readVariables(variables)
  const template = behaviour.contents?.[sid] ?? (behaviour.contents ? undefined : anyTemplate(sid, values))
  if (!template) refuse(21655)
  let doomedBy: number | null = null
  const body = template.body.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name] ?? ''
    if (value.trim() === '') doomedBy = 63013
    return value
  })
  return { body, buttons: template.buttons, doomedBy: body.length > 1024 ? 63021 : doomedBy }
}

function readVariables(text: string | undefined): Record<string, string> {
  if (text === undefined) return {}
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    refuse(21656, 'ContentVariables is not JSON')
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) refuse(21656)
  const entries = Object.entries(parsed)
  if (entries.some(([, value]) => typeof value !== 'string')) refuse(21656, 'ContentVariables must be strings')
  return Object.fromEntries(entries)
}

const listen: Button = { text: 'Dengarkan', payload: 'listen' }

function anyTemplate(sid: string, values: Record<string, string>): Template | undefined {
  if (!/^HX[0-9a-fA-F]{32}$/.test(sid)) return undefined
  const names = Object.keys(values)
  return { body: names.length > 0 ? names.map((name) => `{{${name}}}`).join('\n') : `[${sid}]`, buttons: [listen] }
}

/** Returns an error that comes only after acceptance: with a messaging service some refusals come late. */
function checkAddresses({
  to,
  from,
  messagingServiceSid,
  exchange,
  mediaUrls,
}: {
  to: string
  from: string | null
  messagingServiceSid: string | null
  exchange: Exchange
  mediaUrls: string[]
}): number | undefined {
  const behaviour = exchange.behaviour()
  const whatsapp = to.startsWith('whatsapp:')
  if (from !== null && from.startsWith('whatsapp:') !== whatsapp) refuse(21910)
  const phone = phoneOf(to)
  const kind = numberKind(phone)
  if (behaviour.testCredentials) checkMagic(to, from)
  else if (kind === 'invalid' || kind === 'unroutable')
    refuse(21211, `The 'To' number ${to} is not a valid phone number`)
  if (messagingServiceSid !== null) checkService(messagingServiceSid, behaviour)
  if (from !== null && !behaviour.testCredentials) checkSender(from, behaviour)
  if (!whatsapp && mediaUrls.length > 0) refuse(20001, 'MediaUrl by SMS is not simulated: there is no MMS in Indonesia')
  if (whatsapp && mediaUrls.length > 1) refuse(21623, 'A WhatsApp message carries one media file')
  const sender = senderFor(behaviour, { from, service: messagingServiceSid, channel: whatsapp ? 'whatsapp' : 'sms' })
  const landline = !whatsapp && (kind === 'landline' || exchange.personAt(phone).sms === 'landline')
  const code = exchange.store.optedOut(phone, sender) ? 21610 : landline ? 21614 : undefined
  if (code !== undefined && messagingServiceSid === null) refuse(code)
  return code
}

function checkService(sid: string, { messagingServices }: Behaviour): void {
  if (!/^MG[0-9a-fA-F]{32}$/.test(sid) || (messagingServices && !messagingServices[sid])) refuse(21701)
}

function checkSender(from: string, { senders }: Behaviour): void {
  if (from.startsWith('whatsapp:')) {
    if (numberKind(phoneOf(from)) === 'invalid' || senders?.whatsapp.includes(from) === false) refuse(63007)
    return
  }
  if (numberKind(from) === 'invalid' && !isSenderName(from))
    refuse(21212, `The 'From' number ${from} is not a valid sender`)
  if (senders?.sms.includes(from) === false) refuse(21606)
}

/** https://www.twilio.com/docs/iam/test-credentials */
function checkMagic(to: string, from: string | null): void {
  const senders: Record<string, number> = { '+15005550001': 21212, '+15005550007': 21606, '+15005550008': 21611 }
  const phones: Record<string, number> = {
    '+15005550001': 21211,
    '+15005550002': 21612,
    '+15005550003': 21408,
    '+15005550004': 21610,
    '+15005550009': 21614,
  }
  const code = phones[to] ?? senders[from ?? '']
  if (code !== undefined) refuse(code)
  if (from !== '+15005550006') refuse(21606)
  if (numberKind(phoneOf(to)) === 'invalid') refuse(21211)
}

/** Epoch ms of a scheduled send, or null. https://www.twilio.com/docs/messaging/features/message-scheduling */
function readSchedule(
  form: Form,
  { messagingServiceSid, now }: { messagingServiceSid: string | null; now: number },
): number | null {
  const type = form.choice('ScheduleType', ['fixed'])
  const text = form.text('SendAt')
  if (type === undefined && text === undefined) return null
  if (type === undefined || text === undefined || messagingServiceSid === null) {
    refuse(20001, 'Scheduling takes ScheduleType, SendAt and MessagingServiceSid')
  }
  const at = Date.parse(text)
  const minutes = (at - now) / 60_000
  if (!(minutes >= 15 && minutes <= 35 * 24 * 60)) refuse(20001, 'SendAt must be 15 minutes to 35 days ahead')
  return at
}

function segmentsOf(body: string, smart: boolean): number {
  // What needs no calculator: it takes a millisecond for each message.
  if (septetEach.test(body)) return body.length <= 160 ? 1 : Math.ceil(body.length / 153)
  if (!smart && unitEach.test(body) && ideograph.test(body)) return body.length <= 70 ? 1 : Math.ceil(body.length / 67)
  return new SegmentedMessage(body, 'auto', smart).segmentsCount
}

/** Letters that take one septet in every encoding that there is. */
const septetEach = /^[\n\r -Z_a-zÄÖÜäöüßàèéùì]+$/
/** Letters that stand alone and take one unit of UCS-2, and those of them for which there is no other encoding. */
const unitEach = /^[\n -~、-〩〰-〿ぁ-ゖァ-ヺー一-鿿가-힣！-～]+$/
const ideograph = /[ぁ-ゖァ-ヺ一-鿿가-힣]/
