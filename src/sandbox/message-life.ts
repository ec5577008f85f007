import { senderFor } from './behaviour.ts'
import type { Params } from './callbacks.ts'
import { hex32 } from './chance.ts'
import type { Exchange } from './exchange.ts'
import { receiveReply } from './inbound.ts'
import { fetchMedia, whatsappTypes } from './media.ts'
import { type MessageRecord, type MessageStatus, phoneOf } from './records.ts'
import { errorText } from './refusals.ts'
import { callbackDate } from './render.ts'
import { firstLink, type Heard } from './transcript.ts'

const day = 24 * 60 * 60 * 1000

/** Everything that happens to an accepted message, from where it stands: also after a restart. */
export async function liveMessage(exchange: Exchange, message: MessageRecord): Promise<void> {
  try {
    if (!(await leaveQueue(exchange, message))) return
    const media = statusIs(message, 'sent') ? [] : await goOut(exchange, message)
    if (media) await arrive(exchange, message, media)
  } finally {
    exchange.callbacks.settle(message.sid)
  }
}

/** False when it never leaves: canceled, deleted or too old. */
async function leaveQueue(exchange: Exchange, message: MessageRecord): Promise<boolean> {
  const { scheduler, clock, store } = exchange
  const behaviour = exchange.behaviour()
  if (message.sendAt !== null && statusIs(message, 'scheduled')) {
    await scheduler.until(message.sendAt)
    if (!statusIs(message, 'scheduled')) return false
    store.changeMessage(message, { status: 'accepted' })
  }
  if (statusIs(message, 'accepted')) {
    await scheduler.pause(exchange.gapMs)
    const { from, messagingServiceSid: service, channel } = message
    move(exchange, message, 'queued', { from: senderFor(behaviour, { from, service, channel }) })
  }
  const since = message.sendAt ?? message.createdAt
  if (statusIs(message, 'queued')) await scheduler.until(since + behaviour.queueForMs)
  if (!store.messages.get(message.sid)) return false
  if (statusIs(message, 'queued') && clock.now() > since + message.validityS * 1000) {
    move(exchange, message, 'failed', { errorCode: 30036 })
    return false
  }
  return true
}

/** To the network; undefined when the carrier itself had to give up. */
async function goOut(exchange: Exchange, message: MessageRecord): Promise<Heard[] | undefined> {
  const { scheduler, clock, faults } = exchange
  const phone = phoneOf(message.to)
  await scheduler.pause(exchange.gapMs)
  if (!statusIs(message, 'sending')) move(exchange, message, 'sending')
  await scheduler.pause(exchange.gapMs)
  const broke = faults.standing('account') ? 30002 : undefined
  const code = message.doomedBy ?? broke ?? windowError(exchange, message)
  if (code) {
    move(exchange, message, 'failed', { errorCode: code })
    return undefined
  }
  const fault = faults.strike('fail', { to: phone, resource: 'messages' })
  if (fault?.status === 'failed') {
    move(exchange, message, 'failed', { errorCode: fault.code })
    return undefined
  }
  const media = await loadMedia(exchange, message)
  if (!media) return undefined
  move(exchange, message, 'sent', { sentAt: clock.now() })
  if (fault) {
    await scheduler.pause(exchange.gapMs)
    move(exchange, message, 'undelivered', { errorCode: fault.code })
    return undefined
  }
  return media
}

/** Free-form WhatsApp only within 24 hours of the person's last message. https://www.twilio.com/docs/api/errors/63016 */
function windowError({ store, clock }: Exchange, { channel, contentSid, to, from }: MessageRecord): number | undefined {
  if (channel === 'sms' || contentSid !== null) return undefined
  const since = store.sessionSince(to, from ?? '')
  return since !== undefined && clock.now() - since < day ? undefined : 63016
}

async function loadMedia(exchange: Exchange, message: MessageRecord): Promise<Heard[] | undefined> {
  const heard: Heard[] = []
  for (const url of message.mediaUrls) {
    const got = await fetchMedia({ url, types: whatsappTypes, outgoing: exchange.outgoing, shelf: exchange.shelf })
    if (!got.ok) {
      const errorCode = got.fault === 'unreachable' || got.fault === 'too-large' ? 63019 : 12300
      exchange.alert({ sid: message.sid, code: errorCode === 63019 ? 11200 : 12300, url, text: got.reason })
      move(exchange, message, 'failed', { errorCode })
      return undefined
    }
    const { sha256, contentType, lastsMs } = got
    heard.push({ what: 'media', url, sha256, contentType, words: null, lastsMs, heardMs: lastsMs })
  }
  return heard
}

async function arrive(exchange: Exchange, message: MessageRecord, media: Heard[]): Promise<void> {
  const { scheduler, store } = exchange
  const person = exchange.personAt(phoneOf(message.to))
  const fate = message.channel === 'sms' ? (person.sms ?? 'delivered') : (person.whatsapp ?? 'read')
  await scheduler.pause(exchange.gapMs)
  if (fate === 'lost') return
  const error = unreachable[fate]
  if (error) {
    move(exchange, message, 'undelivered', { errorCode: error })
    return
  }
  receive(exchange, message, media)
  await store.saved()
  if (fate === 'silent') return
  move(exchange, message, 'delivered')
  if (fate !== 'read') return
  await scheduler.pause(exchange.gapMs)
  move(exchange, message, 'read')
  const [button] = message.buttons
  if (!person.taps || !button) return
  await scheduler.pause(exchange.gapMs)
  const { from: sender, to } = message
  await receiveReply(exchange, {
    from: phoneOf(to),
    to: sender ?? '',
    body: button.text,
    button,
    repliedTo: message.sid,
  })
}

const unreachable: Readonly<Record<string, number>> = {
  unreachable: 30003,
  unknown: 30005,
  landline: 30006,
  filtered: 30007,
  absent: 63024,
  'not-joined': 63003,
  blocked: 63014,
}

function receive({ store, clock }: Exchange, message: MessageRecord, media: Heard[]): void {
  const before = store.received(message.sid)
  store.receive({
    at: before?.at ?? clock.now(),
    sid: message.sid,
    kind: message.channel,
    direction: 'to-phone',
    to: phoneOf(message.to),
    from: phoneOf(message.from ?? ''),
    body: message.body,
    buttons: message.buttons,
    link: firstLink(message.body) ?? message.mediaUrls[0] ?? null,
    heard: before?.heard ?? media,
    presses: [],
    status: message.status,
    answeredBy: null,
    durationS: null,
  })
}

function move(
  exchange: Exchange,
  message: MessageRecord,
  status: MessageStatus,
  more: Partial<MessageRecord> = {},
): void {
  const { store, clock, callbacks } = exchange
  store.changeMessage(message, { ...more, status, updatedAt: clock.now() })
  const entry = store.received(message.sid)
  if (entry) store.receive({ ...entry, status })
  if (message.statusCallback === null) return
  const params = statusParams(exchange, message)
  const to = phoneOf(message.to)
  callbacks.post({
    sid: message.sid,
    to,
    resource: 'messages',
    status,
    url: message.statusCallback,
    method: 'POST',
    params,
  })
}

/** https://www.twilio.com/docs/messaging/guides/track-outbound-message-status */
function statusParams({ accountSid, seed, clock }: Exchange, message: MessageRecord): Params {
  const { sid, status, to, from, errorCode, messagingServiceSid, channel } = message
  const failed = errorCode !== null
  return {
    SmsSid: sid,
    SmsStatus: status,
    MessageSid: sid,
    MessageStatus: status,
    To: to,
    From: from ?? '',
    AccountSid: accountSid,
    ApiVersion: '2010-04-01',
    ...(messagingServiceSid ? { MessagingServiceSid: messagingServiceSid } : {}),
    ...(failed ? { ErrorCode: String(errorCode), ErrorMessage: errorText(errorCode) } : {}),
    ...(channel === 'sms' && (status === 'delivered' || status === 'undelivered')
      ? { RawDlrDoneDate: callbackDate(clock.now()) }
      : {}),
    ...(channel === 'whatsapp'
      ? {
          ChannelPrefix: 'whatsapp',
          ChannelInstallSid: `XE${hex32(seed, 'install')}`,
          ChannelToAddress: `${phoneOf(to).slice(0, -4)}XXXX`,
          StructuredMessage: 'false',
          ...(status === 'delivered' || status === 'read' || status === 'undelivered'
            ? { EventType: status.toUpperCase() }
            : {}),
          ...(failed ? { ChannelStatusMessage: errorText(errorCode) } : {}),
        }
      : {}),
  }
}

function statusIs(message: MessageRecord, status: MessageStatus): boolean {
  return message.status === status
}
