export type Channel = 'sms' | 'whatsapp'

export type MessageStatus =
  | 'scheduled'
  | 'accepted'
  | 'queued'
  | 'sending'
  | 'sent'
  | 'delivered'
  | 'read'
  | 'undelivered'
  | 'failed'
  | 'canceled'
  | 'received'

export type Button = { text: string; payload: string }

/** One message as the carrier keeps it. Addresses are as the API has them, so `whatsapp:+…` for WhatsApp. */
export type MessageRecord = {
  sid: string
  serial: number
  channel: Channel
  direction: 'outbound-api' | 'inbound'
  to: string
  from: string | null
  messagingServiceSid: string | null
  body: string
  contentSid: string | null
  buttons: Button[]
  mediaUrls: string[]
  segments: number
  status: MessageStatus
  errorCode: number | null
  /** An error that this message will meet once it leaves the queue. */
  doomedBy: number | null
  createdAt: number
  updatedAt: number
  sentAt: number | null
  sendAt: number | null
  validityS: number
  statusCallback: string | null
}

export type CallStatus =
  | 'queued'
  | 'ringing'
  | 'in-progress'
  | 'completed'
  | 'busy'
  | 'failed'
  | 'no-answer'
  | 'canceled'

export type CallEvent = 'initiated' | 'ringing' | 'answered' | 'completed'

export type Method = 'GET' | 'POST'

/** What the client asked for when it created the call. */
export type CallPlan = {
  url: string | null
  method: Method
  fallbackUrl: string | null
  fallbackMethod: Method
  twiml: string | null
  statusCallback: string | null
  statusCallbackMethod: Method
  events: CallEvent[]
  timeoutS: number
  timeLimitS: number
  machineDetection: 'Enable' | 'DetectMessageEnd' | null
  asyncAmd: boolean
  asyncAmdStatusCallback: string | null
  asyncAmdStatusCallbackMethod: Method
}

export type CallRecord = {
  sid: string
  serial: number
  direction: 'outbound-api' | 'inbound'
  to: string
  from: string
  status: CallStatus
  answeredBy: string | null
  errorCode: number | null
  createdAt: number
  updatedAt: number
  startedAt: number | null
  endedAt: number | null
  durationS: number | null
  plan: CallPlan
}

const endedCalls: ReadonlySet<CallStatus> = new Set(['completed', 'busy', 'failed', 'no-answer', 'canceled'])
const endedMessages: ReadonlySet<MessageStatus> = new Set([
  'delivered',
  'read',
  'undelivered',
  'failed',
  'canceled',
  'received',
])

export function callEnded(call: CallRecord): boolean {
  return endedCalls.has(call.status)
}

export function messageEnded(message: MessageRecord): boolean {
  return endedMessages.has(message.status)
}

/** The phone number in an API address: `whatsapp:+62…` and `+62…` are the same phone. */
export function phoneOf(address: string): string {
  return address.replace(/^whatsapp:/, '')
}
