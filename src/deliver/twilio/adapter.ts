import type { Log } from '../../lib/events.ts'
import type { Answered, Carrier, CarrierFault, Listed, Outgoing, Sent } from '../carrier.ts'
import type { RestException as RestFault, twilioApi } from './api.ts'
import { faultOfAnswer, verdictOf } from './errors.ts'

export type TwilioSettings = {
  accountSid: string
  authToken: string
  /** Another base than Twilio's own: the sandbox. */
  apiBaseUrl?: string | undefined
  smsFrom?: string | undefined
  callFrom?: string | undefined
  whatsappFrom?: string | undefined
  messagingServiceSid?: string | undefined
  timeoutMs?: number
  connections?: number
  /** Our own clock, epoch ms: to tell how far the carrier's is from it. */
  now?: (() => number) | undefined
}

type TwilioApi = ReturnType<typeof twilioApi>

const RING_SECONDS = 30
const LIST_LIMIT = 200
/** Connection never made: nothing was processed. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** The carrier port on the Twilio SDK. Nothing is sent twice by it: no automatic retry anywhere below. */
export function twilioCarrier(settings: TwilioSettings, log: Log): Carrier {
  const { accountSid, authToken, apiBaseUrl } = settings
  let connected: ReturnType<typeof connect> | undefined

  /** The SDK and undici, loaded when something is sent for the first time. */
  async function connect() {
    const [{ RestException, twilioApi }, { UndiciTransport }] = await Promise.all([
      import('./api.ts'),
      import('./http.ts'),
    ])
    const transport = new UndiciTransport({
      accountSid,
      authToken,
      timeoutMs: settings.timeoutMs ?? 15_000,
      connections: settings.connections ?? 100,
    })
    return { transport, client: twilioApi({ accountSid, apiBaseUrl, transport }), RestException }
  }

  async function ask<Value>(what: (client: TwilioApi) => Promise<Value>): Promise<Answered<Value>> {
    connected ??= connect()
    const { client, RestException } = await connected
    try {
      return { ok: true, value: await what(client) }
    } catch (error) {
      return { ok: false, fault: error instanceof RestException ? faultOfRest(error, log) : faultOf(error, log) }
    }
  }

  return {
    async send(message): Promise<Sent> {
      const answer = await ask(async (client) => {
        const { sid, status } =
          message.kind === 'call'
            ? await client.calls.create(callOf(message, settings))
            : await client.messages.create(messageOf(message, settings))
        return { sid, status: String(status) }
      })
      return answer.ok ? { ok: true, ...answer.value } : answer
    },

    list: (kind, to, since) =>
      ask(async (client): Promise<Listed[]> => {
        if (kind === 'call') {
          const calls = await client.calls.list({ to, limit: LIST_LIMIT, pageSize: LIST_LIMIT })
          return calls
            .map((call) => ({ ...listed(call), errorCode: null, body: '' }))
            .filter((call) => call.createdAt >= since)
        }
        const messages = await client.messages.list({ to, limit: LIST_LIMIT, pageSize: LIST_LIMIT })
        return messages
          .map((message) => ({ ...listed(message), errorCode: codeOf(message.errorCode), body: message.body ?? '' }))
          .filter((message) => message.createdAt >= since)
      }),

    fetch: (kind, sid) =>
      ask(async (client) => {
        if (kind === 'call') {
          const call = await client.calls(sid).fetch()
          const seconds = call.duration === null ? null : Number(call.duration)
          return { status: String(call.status), errorCode: null, seconds, answeredBy: call.answeredBy ?? null }
        }
        const message = await client.messages(sid).fetch()
        return { status: String(message.status), errorCode: codeOf(message.errorCode), seconds: null, answeredBy: null }
      }),

    async redact(sid) {
      const answer = await ask((client) => client.messages(sid).update({ body: '' }))
      if (answer.ok) return { ok: true, value: 'redacted' }
      return answer.fault.httpStatus === 404 ? { ok: true, value: 'gone' } : answer
    },

    probe: () =>
      ask(async (client) => {
        const { body, headers } = await client.balance.fetchWithHttpInfo()
        const toldAt = Date.parse(headers.date ?? '')
        return {
          balance: numberOf(body.balance),
          currency: body.currency ?? null,
          skewMs: settings.now && !Number.isNaN(toldAt) ? toldAt - Math.floor(settings.now() / 1_000) * 1_000 : null,
        }
      }),

    owns: (phoneNumber) =>
      ask(async (client) => {
        const bought = await client.incomingPhoneNumbers.list({ phoneNumber, limit: 1 })
        if (bought.length > 0) return true
        return (await client.outgoingCallerIds.list({ phoneNumber, limit: 1 })).length > 0
      }),

    async [Symbol.asyncDispose]() {
      await (await connected)?.transport.close()
    },
  }
}

function messageOf(message: Exclude<Outgoing, { kind: 'call' }>, settings: TwilioSettings) {
  if (message.kind === 'sms') {
    return {
      to: message.to as string,
      body: message.body,
      validityPeriod: message.validitySeconds,
      statusCallback: message.statusCallback,
      ...(message.from === undefined && settings.messagingServiceSid
        ? { messagingServiceSid: settings.messagingServiceSid }
        : { from: message.from ?? settings.smsFrom ?? '' }),
    }
  }
  const whatsapp = {
    to: `whatsapp:${message.to}`,
    from: `whatsapp:${message.from ?? settings.whatsappFrom ?? ''}`,
    statusCallback: message.statusCallback,
  }
  if (message.kind === 'whatsapp-audio') return { ...whatsapp, mediaUrl: [message.mediaUrl] }
  return {
    ...whatsapp,
    contentSid: message.contentSid,
    contentVariables: JSON.stringify(message.variables),
    validityPeriod: message.validitySeconds,
  }
}

function callOf(message: Extract<Outgoing, { kind: 'call' }>, settings: TwilioSettings) {
  return {
    to: message.to as string,
    from: message.from ?? settings.callFrom ?? '',
    url: message.url,
    method: 'POST',
    statusCallback: message.statusCallback,
    statusCallbackMethod: 'POST',
    statusCallbackEvent: ['ringing', 'answered', 'completed'],
    timeout: RING_SECONDS,
    machineDetection: 'Enable',
  }
}

function listed(item: { sid: string; status: string; dateCreated: Date | null }) {
  return { sid: item.sid, status: String(item.status), createdAt: item.dateCreated?.getTime() ?? 0 }
}

/** Subaccounts show no balance. */
function numberOf(amount: string | null | undefined): number | null {
  const number = Number(amount)
  return amount && Number.isFinite(number) ? number : null
}

function codeOf(errorCode: number | null | undefined): number | null {
  return errorCode ? Number(errorCode) : null
}

function faultOfRest(error: InstanceType<typeof RestFault>, log: Log): CarrierFault {
  const code = typeof error.code === 'number' ? error.code : null
  if (code !== null && error.status < 500 && !verdictOf(code).known) {
    log.error({ error_code: code, http_status: error.status }, 'unknown carrier error code')
  }
  const details = error.details as { retry_after?: string } | undefined
  return faultOfAnswer(error.status, code, retryAfterMs(details?.retry_after))
}

function faultOf(error: unknown, log: Log): CarrierFault {
  if (isNotConnected(error)) return { verdict: 'busy', code: null, httpStatus: null }
  log.warn({ error: error instanceof Error ? error.name : 'unknown' }, 'carrier request without an answer')
  return { verdict: 'uncertain', code: null, httpStatus: null }
}

function retryAfterMs(header: string | undefined): number | undefined {
  const seconds = Number(header)
  return header !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined
}

function isNotConnected(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = (at as NodeJS.ErrnoException).code
    if (code !== undefined && NOT_CONNECTED.has(code)) return true
  }
  return false
}
