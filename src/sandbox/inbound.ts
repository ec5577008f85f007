import { failureOf, type Params } from './callbacks.ts'
import { hex32 } from './chance.ts'
import type { Exchange } from './exchange.ts'
import { type Button, type MessageRecord, phoneOf } from './records.ts'

const stopWords = new Set(['STOP', 'UNSUBSCRIBE', 'END', 'QUIT', 'STOPALL', 'REVOKE', 'OPTOUT', 'CANCEL'])
const startWords = new Set(['START', 'UNSTOP', 'YES'])

export type Reply = {
  /** The phone, a plain number. */
  from: string
  /** The office's sender: `whatsapp:+…`, or a plain number for SMS. */
  to: string
  body: string
  button?: Button
  repliedTo?: string
}

/** A person writes: opens the 24-hour session, minds STOP and START, and posts to the configured message URL. */
export async function receiveReply(exchange: Exchange, reply: Reply): Promise<void> {
  const { store, callbacks } = exchange
  const message = keep(exchange, reply)
  const word = reply.body.trim().toUpperCase()
  if (message.channel === 'whatsapp') store.openSession(reply.from, reply.to, message.createdAt)
  if (stopWords.has(word)) store.setOptOut(reply.from, reply.to, true)
  if (startWords.has(word)) store.setOptOut(reply.from, reply.to, false)
  await store.saved()
  const url = exchange.behaviour().messageUrl
  if (url === undefined) return
  const answer = await callbacks.ask({ url, method: 'POST', params: inboundParams(exchange, message, reply, word) })
  const failure = failureOf(answer)
  if (failure) exchange.alert({ sid: message.sid, code: 11200, url, text: failure })
  else if (answer.kind === 'answer' && answer.body.length > 0) checkTwiml(exchange, message.sid, url, answer)
}

function checkTwiml(exchange: Exchange, sid: string, url: string, answer: { contentType: string; body: Buffer }): void {
  if (!/^(text|application)\/xml$/.test(answer.contentType)) {
    exchange.alert({ sid, code: 12300, url, text: `Content-Type ${answer.contentType || 'is missing'}` })
  } else if (/<(Message|Redirect)[\s>]/.test(answer.body.toString('utf8'))) {
    exchange.alert({ sid, code: 12200, url, text: 'an answer by TwiML is not simulated: send it by the API' })
  }
}

function keep({ store, clock, seed }: Exchange, { from, to, body }: Reply): MessageRecord {
  const channel = to.startsWith('whatsapp:') ? 'whatsapp' : 'sms'
  const now = clock.now()
  const serial = store.nextSerial()
  const record: MessageRecord = {
    sid: `SM${hex32(seed, 'inbound', serial, from, now)}`,
    serial,
    channel,
    direction: 'inbound',
    to,
    from: channel === 'whatsapp' ? `whatsapp:${phoneOf(from)}` : phoneOf(from),
    messagingServiceSid: null,
    body,
    contentSid: null,
    buttons: [],
    mediaUrls: [],
    segments: 1,
    status: 'received',
    errorCode: null,
    doomedBy: null,
    createdAt: now,
    updatedAt: now,
    sentAt: now,
    sendAt: null,
    validityS: 36_000,
    statusCallback: null,
  }
  store.addMessage(record)
  return record
}

/** https://www.twilio.com/docs/messaging/guides/webhook-request */
function inboundParams({ accountSid }: Exchange, message: MessageRecord, reply: Reply, word: string): Params {
  const { sid, from, to, body, channel } = message
  return {
    SmsMessageSid: sid,
    SmsSid: sid,
    MessageSid: sid,
    SmsStatus: 'received',
    NumMedia: '0',
    NumSegments: '1',
    ReferralNumMedia: '0',
    AccountSid: accountSid,
    ApiVersion: '2010-04-01',
    From: from ?? '',
    To: to,
    Body: body,
    ...(channel === 'whatsapp'
      ? {
          WaId: phoneOf(from ?? '').replace('+', ''),
          ProfileName: 'Sandbox',
          MessageType: reply.button ? 'button' : 'text',
        }
      : {}),
    ...(reply.button ? { ButtonText: reply.button.text, ButtonPayload: reply.button.payload } : {}),
    ...(reply.repliedTo ? { OriginalRepliedMessageSid: reply.repliedTo, OriginalRepliedMessageSender: to } : {}),
    ...(stopWords.has(word) ? { OptOutType: 'STOP' } : startWords.has(word) ? { OptOutType: 'START' } : {}),
  }
}
