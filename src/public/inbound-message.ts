import { and, desc, eq } from 'drizzle-orm'
import type { FastifyInstance } from 'fastify'
import type { Templates } from '../compose/template.ts'
import type { Db } from '../db/open.ts'
import { acknowledge } from '../deliver/acknowledgements.ts'
import { newestDeliveryTo } from '../deliver/find-by-token.ts'
import { optIn, optOut } from '../deliver/opt-outs.ts'
import type { Inbound, PublicCounts, PublicDeps } from './deps.ts'
import { type Form, formOf } from './signature.ts'
import { recordReceipt } from './status.ts'
import { sendTwiml } from './twiml.ts'

type Did = Inbound['did']

/** The carrier's own words (twilio.com/docs, advanced opt-out) and the Indonesian ones. */
const STOP = new Set('stop unsubscribe end quit stopall revoke optout cancel berhenti batal'.split(' '))
const START = new Set('start unstop mulai'.split(' '))
const BUTTONS: readonly Did[] = ['listen', 'understood', 'applied', 'leaving', 'help']

/** `POST /twilio/message`: a resident answers, on WhatsApp or where SMS goes both ways. */
export function registerInboundMessage(app: FastifyInstance, deps: PublicDeps, counts: PublicCounts): void {
  const words = buttonWords(deps.templates)
  app.post('/twilio/message', async (request, reply) => {
    const form = formOf(request)
    const messageSid = form.MessageSid ?? form.SmsSid
    const from = form.From ?? ''
    if (!messageSid || from === '') return reply.code(400).type('text/plain; charset=utf-8').send('no id or sender\n')

    const did = whatWasDone(form, words)
    const status = did === 'optout' || did === 'optin' || did === 'text' ? did : `button:${did}`
    const receipt = { kind: 'reply', sid: messageSid, status, attemptId: null } as const
    const news = await recordReceipt({ deps, counts, request, receipt })
    await follow(deps, { form, did, messageSid, from, news })
    return sendTwiml(reply, '<Response/>')
  })
}

/**
 * What the message causes. All of it but `onInbound` is harmless twice, so that a repeat after a crash finishes what was begun;
 * stop and start carry the time when they first came, so that a late repeat undoes nothing.
 */
async function follow(
  deps: PublicDeps,
  {
    form,
    did,
    messageSid,
    from,
    news,
  }: { form: Form; did: Did; messageSid: string; from: string; news: 'new' | 'repeated' },
): Promise<void> {
  const { db, clock } = deps
  const channel = from.startsWith('whatsapp:') ? 'whatsapp' : 'sms'
  const phoneIndex = db.vault.blind(from.replace(/^whatsapp:/, ''), 'phone')
  const deliveryId = await answeredDelivery(db, { repliedTo: form.OriginalRepliedMessageSid, phoneIndex, channel })
  const at = news === 'new' ? clock.now() : ((await firstReceivedAt(db, messageSid)) ?? clock.now())

  if (did === 'optout')
    await optOut(db, { phoneIndex, channel, via: channel === 'whatsapp' ? 'whatsapp' : 'carrier', at })
  else if (did === 'optin') await optIn(db, { phoneIndex, channel, at })
  else if (did !== 'text' && did !== 'listen' && deliveryId !== null) {
    await acknowledge(db, { deliveryId, answer: did, via: 'whatsapp', now: at })
  }
  if (news === 'new') await deps.onInbound?.({ messageSid, channel, did, deliveryId, phoneIndex })
}

function whatWasDone(form: Form, words: ReadonlyMap<string, Did>): Did {
  const body = squeezed(form.Body ?? '')
  if (STOP.has(body) || form.OptOutType === 'STOP') return 'optout'
  if (START.has(body) || form.OptOutType === 'START') return 'optin'
  const payload = squeezed(form.ButtonPayload ?? '')
  return (
    BUTTONS.find((word) => word === payload) ?? words.get(squeezed(form.ButtonText ?? '')) ?? words.get(body) ?? 'text'
  )
}

/** Some senders give the label of a button and no payload; people type it, too. */
function buttonWords(templates: Templates): ReadonlyMap<string, Did> {
  const words = new Map<string, Did>()
  for (const { whatsapp } of templates.values()) {
    for (const [did, label] of Object.entries(whatsapp.buttons))
      words.set(squeezed(label), did as keyof typeof whatsapp.buttons)
  }
  return words
}

function squeezed(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s.!"'*_]+/g, ' ')
    .trim()
}

async function answeredDelivery(
  db: Db,
  {
    repliedTo,
    phoneIndex,
    channel,
  }: { repliedTo: string | undefined; phoneIndex: string; channel: 'whatsapp' | 'sms' },
): Promise<number | null> {
  const { attempts, deliveries } = db.t
  if (repliedTo) {
    const [row] = await db.read
      .select({ id: deliveries.id })
      .from(attempts)
      .innerJoin(deliveries, eq(deliveries.id, attempts.delivery_id))
      .where(and(eq(attempts.sid, repliedTo), eq(deliveries.phone_index, phoneIndex)))
    if (row) return row.id
  }
  return (await newestDeliveryTo(db.read, phoneIndex, { channel }))?.id ?? null
}

async function firstReceivedAt(db: Db, sid: string): Promise<number | undefined> {
  const { receipts } = db.t
  const [row] = await db.read
    .select({ at: receipts.received_at })
    .from(receipts)
    .where(and(eq(receipts.sid, sid), eq(receipts.kind, 'reply')))
    .orderBy(desc(receipts.id))
    .limit(1)
  return row?.at
}
