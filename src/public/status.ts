import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { IncomingReceipt } from '../deliver/receipt-sink.ts'
import type { PublicCounts, PublicDeps } from './deps.ts'
import { type Form, formOf, signatureOf, signedUrl } from './signature.ts'

/** `POST /twilio/status?attempt=ID`: what became of a message or a call. Stored first, then answered. */
export function registerStatus(app: FastifyInstance, deps: PublicDeps, counts: PublicCounts): void {
  app.post<{ Querystring: { attempt?: string } }>('/twilio/status', async (request, reply) => {
    const form = formOf(request)
    const told = toldBy(form)
    if (!told) {
      deps.log.error({ event: 'webhook.unreadable' }, 'a signed status callback without an id or a status')
      return reply.code(400).type('text/plain; charset=utf-8').send('no id or status\n')
    }
    const receipt = { ...told, attemptId: idOf(request.query.attempt) }
    await recordReceipt({ deps, counts, request, form, receipt })
    return reply.code(204).send()
  })
}

/** Hands a receipt with the request's own fields and signature to the sink and counts it. */
export async function recordReceipt({
  deps,
  counts,
  request,
  form: raw = formOf(request),
  receipt,
}: {
  deps: PublicDeps
  counts: PublicCounts
  request: FastifyRequest
  form?: Form
  receipt: Omit<IncomingReceipt, 'raw' | 'signature' | 'url' | 'errorCode'>
}): Promise<'new' | 'repeated'> {
  const code = Number.parseInt(raw.ErrorCode ?? '', 10)
  const errorCode = Number.isSafeInteger(code) && code > 0 ? code : null
  const signed = { signature: signatureOf(request), url: signedUrl(deps, request) }
  const news = await deps.receipts.record({ ...receipt, errorCode, raw, ...signed })
  if (news === 'new') counts.receipts += 1
  else counts.repeated += 1
  return news
}

/** A row id in a URL of ours; null for anything else. */
export function idOf(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null
}

function toldBy(form: Form): Pick<IncomingReceipt, 'kind' | 'sid' | 'status'> | undefined {
  const isCall = form.CallSid !== undefined
  const sid = isCall ? form.CallSid : (form.MessageSid ?? form.SmsSid)
  const status = isCall ? form.CallStatus : (form.MessageStatus ?? form.SmsStatus)
  return sid && status ? { kind: isCall ? 'call' : 'message', sid, status } : undefined
}
