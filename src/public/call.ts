import { eq } from 'drizzle-orm'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { type CallWord, callScript, voiceScript } from '../compose/words.ts'
import { acknowledge } from '../deliver/acknowledgements.ts'
import { findDelivery, newestDeliveryTo, type ToldDelivery } from '../deliver/find-by-token.ts'
import { dateAt } from '../lib/civil-date.ts'
import { type PublicCounts, type PublicDeps, publicUrl } from './deps.ts'
import { liveNotices, pageFactsOf } from './facts.ts'
import { openingHours } from './opening-hours.ts'
import { formOf } from './signature.ts'
import { idOf, recordReceipt } from './status.ts'
import { callTwiml, said, sendTwiml, spokenTemplates, type Utterance } from './twiml.ts'
import { voiceNoteFor } from './voice-notes.ts'

type Attempt = { Params: { attempt: string }; Querystring: { round?: string } }

/** The note is heard so often at most in one call. */
const ROUNDS = 3

/**
 * What a call says and what its keys do. A key press is the one sure sign of a person; the note's end is only reached by who let it play
 * out; an answering machine hears the note and is not asked.
 */
export function registerCalls(app: FastifyInstance, deps: PublicDeps, counts: PublicCounts): void {
  app.post<Attempt>('/twilio/call/:attempt', async (request, reply) => {
    const { AnsweredBy: answeredBy, CallSid: sid } = formOf(request)
    const attemptId = idOf(request.params.attempt)
    if (sid && answeredBy) {
      const receipt = { kind: 'call', sid, status: `answered:${answeredBy}`, attemptId } as const
      await recordReceipt({ deps, counts, request, receipt })
    }
    if (answeredBy === 'fax') return sendTwiml(reply, await callTwiml({ utterances: [] }))
    const delivery = await deliveryOf(deps, attemptId)
    if (!delivery) return sayOffice(deps, reply)
    if (answeredBy?.startsWith('machine'))
      return sendTwiml(reply, await callTwiml({ utterances: await note(deps.at(delivery.officeCode), delivery) }))
    return ask(deps.at(delivery.officeCode), reply, { delivery, attemptId, round: 1 })
  })

  app.post<Attempt>('/twilio/call/:attempt/key', async (request, reply) => {
    const { Digits: digits = '', CallSid: sid } = formOf(request)
    const attemptId = idOf(request.params.attempt)
    const round = idOf(request.query.round) ?? 1
    const key = digits.slice(0, 1)
    if (sid && /^[0-9*#]$/.test(key)) {
      await recordReceipt({ deps, counts, request, receipt: { kind: 'key', sid, status: `key:${key}`, attemptId } })
    }
    const delivery = await deliveryOf(deps, attemptId)
    if (!delivery) return sayOffice(deps, reply)
    const ours = deps.at(delivery.officeCode)
    if (key === '1') {
      await acknowledge(deps.db, { deliveryId: delivery.id, answer: 'understood', via: 'key', now: deps.clock.now() })
      return sendTwiml(reply, await callTwiml({ utterances: await sentence(ours, delivery.language, 'thanks') }))
    }
    if (round >= ROUNDS)
      return sendTwiml(reply, await callTwiml({ utterances: await sentence(ours, delivery.language, 'goodbye') }))
    return ask(ours, reply, { delivery, attemptId, round: round + 1 })
  })

  app.post<Attempt & { Querystring: { heard?: string } }>('/twilio/call/:attempt/end', async (request, reply) => {
    const { CallSid: sid } = formOf(request)
    const attemptId = idOf(request.params.attempt)
    if (sid && request.query.heard === '1') {
      await recordReceipt({ deps, counts, request, receipt: { kind: 'call', sid, status: 'heard', attemptId } })
    }
    const delivery = await deliveryOf(deps, attemptId)
    const ours = delivery ? deps.at(delivery.officeCode) : deps
    const utterances = await sentence(ours, delivery?.language ?? 'id', 'goodbye')
    return sendTwiml(reply, await callTwiml({ utterances }))
  })

  app.post('/twilio/call/inbound', async (request, reply) => {
    const { CallSid: sid, From: from = '', To: to = '' } = formOf(request)
    if (sid)
      await recordReceipt({ deps, counts, request, receipt: { kind: 'call', sid, status: 'inbound', attemptId: null } })
    const phoneIndex = deps.db.vault.blind(from, 'phone')
    const delivery = await newestDeliveryTo(deps.db.read, phoneIndex, { withVoiceNote: true })
    const called = deps.offices.all.find(({ senders }) => senders.call === to) ?? deps.office
    const ours = deps.at(delivery?.officeCode ?? called.code)
    const utterances = delivery ? await note(ours, delivery) : []
    if (!delivery || utterances.length === 0) return sayOffice(ours, reply)
    const goodbye = await sentence(ours, delivery.language, 'goodbye')
    return sendTwiml(reply, await callTwiml({ utterances: [...utterances, ...goodbye] }))
  })
}

async function deliveryOf(deps: PublicDeps, attemptId: number | null): Promise<ToldDelivery | undefined> {
  if (attemptId === null) return undefined
  const { attempts } = deps.db.t
  const [row] = await deps.db.read
    .select({ deliveryId: attempts.delivery_id })
    .from(attempts)
    .where(eq(attempts.id, attemptId))
  return row && findDelivery(deps.db.read, row.deliveryId)
}

/** The note with a word before and the question after it, listening for a key all along. */
async function ask(
  deps: PublicDeps,
  reply: FastifyReply,
  { delivery, attemptId, round }: { delivery: ToldDelivery; attemptId: number | null; round: number },
): Promise<FastifyReply> {
  const { language } = delivery
  const told = await note(deps, delivery)
  if (told.length === 0) return sayOffice(deps, reply)
  const before = await sentence(deps, language, round === 1 ? 'greeting' : 'repeat')
  const question = await sentence(deps, language, 'prompt')
  const path = `/twilio/call/${attemptId}`
  const keysTo = publicUrl(deps, `${path}/key?round=${round}`)
  const then = publicUrl(deps, `${path}/end?heard=1`)
  return sendTwiml(reply, await callTwiml({ utterances: [...before, ...told, ...question], keysTo, then }))
}

/** The recorded note, or without its file the same words by the carrier's voice; nothing once the link has ended. */
async function note(deps: PublicDeps, delivery: ToldDelivery): Promise<Utterance[]> {
  const { office, templates } = deps
  const today = dateAt(deps.clock.now(), office.timeZone)
  const live = liveNotices(delivery.notices, today)
  if (live.length === 0) return []
  const { language } = delivery
  const recorded = await voiceNoteFor(deps, { delivery, live, today, language })
  if (recorded) return [{ play: publicUrl(deps, `/audio/${recorded.token}.mp3`) }]
  deps.log.warn(
    { event: 'call.note-missing', delivery: delivery.id },
    'a call has no recorded note; the carrier speaks',
  )
  const facts = pageFactsOf(live, { office, today, link: '' })
  return spokenTemplates(templates, language).map((template) => said(template, voiceScript(template, facts).text))
}

async function sentence(deps: PublicDeps, language: string, word: CallWord): Promise<Utterance[]> {
  const recorded = await deps.voiceNotes.find(language, (template) => callScript(template, word))
  if (recorded) return [{ play: publicUrl(deps, `/audio/${recorded.token}.mp3`) }]
  return spokenTemplates(deps.templates, language).map((template) => said(template, callScript(template, word).text))
}

/** For callers without a message: what this number is and when the office is open, in Indonesian and English. */
async function sayOffice(deps: PublicDeps, reply: FastifyReply): Promise<FastifyReply> {
  const utterances: Utterance[] = []
  for (const language of ['id', 'en']) {
    utterances.push(...(await sentence(deps, language, 'office')))
    const hours = openingHours(deps.office, language).map(({ days, times }) => `${days}, ${times}.`)
    utterances.push(...spokenTemplates(deps.templates, language).map((template) => said(template, hours.join(' '))))
  }
  return sendTwiml(reply, await callTwiml({ utterances }))
}
