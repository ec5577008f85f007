import type { Exchange } from './exchange.ts'
import { type CallRecord, callEnded, type MessageRecord, phoneOf } from './records.ts'
import { errorText } from './refusals.ts'

const version = '2010-04-01'

export type View = {
  accountSid: string
  now: number
  /** So long after its creation a resource hides when and from whom it was sent. */
  incompleteForMs: number
}

export function viewOf({ accountSid, clock, behaviour }: Exchange): View {
  return { accountSid, now: clock.now(), incompleteForMs: behaviour().incompleteForMs }
}

/** https://www.twilio.com/docs/messaging/api/message-resource */
export function messageJson(message: MessageRecord, view: View): Record<string, unknown> {
  const path = `/${version}/Accounts/${view.accountSid}/Messages/${message.sid}`
  const incomplete = isIncomplete(message, view)
  return {
    account_sid: view.accountSid,
    api_version: version,
    body: message.body,
    date_created: rfc2822(message.createdAt),
    date_sent: incomplete ? null : rfc2822(message.sentAt),
    date_updated: rfc2822(message.updatedAt),
    direction: message.direction,
    error_code: message.errorCode,
    error_message: message.errorCode === null ? null : errorText(message.errorCode),
    from: incomplete ? null : message.from,
    messaging_service_sid: message.messagingServiceSid,
    num_media: String(message.mediaUrls.length),
    num_segments: message.status === 'accepted' ? '0' : String(message.segments),
    price: null,
    price_unit: 'USD',
    sid: message.sid,
    status: message.status,
    subresource_uris: { media: `${path}/Media.json` },
    to: message.to,
    uri: `${path}.json`,
  }
}

/** https://www.twilio.com/docs/voice/api/call-resource */
export function callJson(call: CallRecord, view: View): Record<string, unknown> {
  const path = `/${version}/Accounts/${view.accountSid}/Calls/${call.sid}`
  const incomplete = isIncomplete(call, view)
  return {
    account_sid: view.accountSid,
    annotation: null,
    answered_by: call.answeredBy,
    api_version: version,
    caller_name: null,
    date_created: rfc2822(call.createdAt),
    date_updated: rfc2822(call.updatedAt),
    direction: call.direction,
    duration: callEnded(call) ? String(call.durationS ?? 0) : null,
    end_time: incomplete ? null : rfc2822(call.endedAt),
    forwarded_from: null,
    from: incomplete ? null : call.from,
    from_formatted: incomplete ? null : call.from,
    group_sid: null,
    parent_call_sid: null,
    phone_number_sid: null,
    price: null,
    price_unit: 'USD',
    queue_time: '0',
    sid: call.sid,
    start_time: incomplete ? null : rfc2822(call.startedAt),
    status: call.status,
    subresource_uris: { notifications: `${path}/Notifications.json`, recordings: `${path}/Recordings.json` },
    to: call.to,
    to_formatted: phoneOf(call.to),
    trunk_sid: null,
    uri: `${path}.json`,
  }
}

export function accountJson({
  accountSid,
  createdAt,
  suspended,
}: {
  accountSid: string
  createdAt: number
  suspended: boolean
}): Record<string, unknown> {
  return {
    auth_token: null,
    date_created: rfc2822(createdAt),
    date_updated: rfc2822(createdAt),
    friendly_name: 'Sandbox',
    owner_account_sid: accountSid,
    sid: accountSid,
    status: suspended ? 'suspended' : 'active',
    subresource_uris: {},
    type: 'Full',
    uri: `/${version}/Accounts/${accountSid}.json`,
  }
}

export function isIncomplete(
  record: MessageRecord | CallRecord,
  { now, incompleteForMs }: Omit<View, 'accountSid'>,
): boolean {
  return record.direction !== 'inbound' && now < record.createdAt + incompleteForMs
}

/** As the API writes instants: `Thu, 24 Aug 2023 05:01:45 +0000`. */
export function rfc2822(instant: number): string
export function rfc2822(instant: number | null): string | null
export function rfc2822(instant: number | null): string | null {
  return instant === null ? null : new Date(instant).toUTCString().replace('GMT', '+0000')
}

/** As RawDlrDoneDate writes instants: `YYMMDDhhmm`, UTC. */
export function callbackDate(instant: number): string {
  return new Date(instant).toISOString().replace(/\D/g, '').slice(2, 12)
}
