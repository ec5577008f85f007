import type { Params } from './callbacks.ts'
import { callParams, converse, listen, startTalk, type Talk } from './conversation.ts'
import type { Exchange } from './exchange.ts'
import type { Person } from './people.ts'
import { type CallEvent, type CallRecord, type CallStatus, callEnded, phoneOf } from './records.ts'
import { errorText } from './refusals.ts'
import { rfc2822 } from './render.ts'
import type { TranscriptEntry } from './transcript.ts'

/** Everything that happens to an accepted call, from where it stands. A call that a restart cut off is over. */
export async function liveCall(exchange: Exchange, call: CallRecord): Promise<void> {
  const { scheduler, faults, store } = exchange
  try {
    const cutOff = call.status === 'in-progress' || call.direction === 'inbound'
    if (cutOff) return end(exchange, call, { status: 'completed', durationS: 0 })
    await scheduler.until(call.createdAt + exchange.behaviour().queueForMs)
    if (callEnded(call)) return
    await scheduler.pause(exchange.gapMs)
    const person = exchange.personAt(call.to)
    tell(exchange, call, 'initiated', 'initiated')
    const fault = faults.strike('fail', { to: call.to, resource: 'calls' })
    if (fault || person.answers === 'failed' || faults.standing('account')) {
      return end(exchange, call, { status: 'failed', errorCode: fault?.code ?? null })
    }
    await scheduler.pause(exchange.gapMs)
    if (callEnded(call)) return
    if (person.answers === 'busy') {
      remember(exchange, call)
      await store.saved()
      return end(exchange, call, { status: 'busy' })
    }
    move(exchange, call, { status: 'ringing' })
    remember(exchange, call)
    await store.saved()
    tell(exchange, call, 'ringing', 'ringing')
    await scheduler.pause(exchange.gapMs)
    if (exchange.hangUps.has(call.sid)) return end(exchange, call, { status: 'canceled' })
    if (person.answers === 'no-answer' || (person.answersAfterS ?? 5) > call.plan.timeoutS) {
      return end(exchange, call, { status: 'no-answer' })
    }
    await answered(exchange, call, person)
  } finally {
    exchange.callbacks.settle(call.sid)
    exchange.hangUps.delete(call.sid)
  }
}

/** A call from a phone to the office: the same talk, with the document of the configured voice URL. */
export async function liveInboundCall(exchange: Exchange, call: CallRecord, person: Person): Promise<TranscriptEntry> {
  const talk = startTalk({ call, person: { ...person, answers: 'human' }, machine: false })
  move(exchange, call, { status: 'in-progress', startedAt: exchange.clock.now() })
  await converse(exchange, talk, { url: call.plan.url ?? '', method: 'POST', params: { CallStatus: 'ringing' } })
  const status = talk.rejected ?? 'completed'
  end(exchange, call, { status, durationS: talk.rejected ? 0 : seconds(talk) })
  const entry = remember(exchange, call, talk)
  await exchange.store.saved()
  return entry
}

/** The client ends a call: one in the queue at once, one that rings or talks at its next step. */
export function hangUp(exchange: Exchange, call: CallRecord): void {
  if (call.status === 'queued') end(exchange, call, { status: 'canceled' })
  else exchange.hangUps.add(call.sid)
}

async function answered(exchange: Exchange, call: CallRecord, person: Person): Promise<void> {
  const { store, clock } = exchange
  const { plan } = call
  const machine = person.answers !== 'human'
  const talk = startTalk({ call, person, machine })
  move(exchange, call, { status: 'in-progress', startedAt: clock.now() })
  tell(exchange, call, 'answered', 'in-progress')
  const detected = detect(exchange, call, person, talk)
  const params = detected && !plan.asyncAmd ? detected : {}
  const first = plan.url === null ? { twiml: plan.twiml ?? '' } : { url: plan.url, method: plan.method, params }
  await converse(exchange, talk, first)
  remember(exchange, call, talk)
  await store.saved()
  await exchange.scheduler.pause(exchange.gapMs)
  end(exchange, call, { status: 'completed', durationS: seconds(talk) })
}

/** Answering machine detection; the synchronous kind costs the person some silence. https://www.twilio.com/docs/voice/answering-machine-detection */
function detect(exchange: Exchange, call: CallRecord, person: Person, talk: Talk): Params | undefined {
  const { plan, sid, to } = call
  if (plan.machineDetection === null) return undefined
  const toTheEnd = plan.machineDetection === 'DetectMessageEnd'
  const answeredBy =
    { machine: toTheEnd ? 'machine_end_beep' : 'machine_start', fax: 'fax' }[person.answers as string] ?? 'human'
  const tookMs = answeredBy === 'machine_end_beep' ? 11_000 : 3200
  const params = { AnsweredBy: answeredBy, MachineDetectionDuration: String(tookMs) }
  move(exchange, call, { answeredBy })
  if (!plan.asyncAmd) listen(talk, tookMs)
  else if (plan.asyncAmdStatusCallback !== null) {
    exchange.callbacks.post({
      sid: `${sid} amd`,
      to,
      resource: 'calls',
      status: 'amd',
      url: plan.asyncAmdStatusCallback,
      method: plan.asyncAmdStatusCallbackMethod,
      params: { CallSid: sid, AccountSid: exchange.accountSid, ...params },
    })
  }
  return params
}

function seconds(talk: Talk): number {
  return Math.max(1, Math.ceil(talk.elapsedMs / 1000))
}

function end(
  exchange: Exchange,
  call: CallRecord,
  {
    status,
    durationS = 0,
    errorCode = null,
  }: {
    status: CallStatus
    durationS?: number
    errorCode?: number | null
  },
): void {
  const now = exchange.clock.now()
  const startedAt = call.startedAt ?? now
  move(exchange, call, { status, durationS, errorCode, startedAt, endedAt: startedAt + durationS * 1000 })
  tell(exchange, call, 'completed', status)
}

function move({ store, clock }: Exchange, call: CallRecord, change: Partial<CallRecord>): void {
  store.changeCall(call, { ...change, updatedAt: clock.now() })
  const entry = store.received(call.sid)
  if (entry) store.receive({ ...entry, status: call.status, answeredBy: call.answeredBy, durationS: call.durationS })
}

/** The call shows on the phone. */
function remember({ store, clock }: Exchange, call: CallRecord, talk?: Talk): TranscriptEntry {
  const before = store.received(call.sid)
  const entry: TranscriptEntry = {
    at: before?.at ?? clock.now(),
    sid: call.sid,
    kind: 'call',
    direction: call.direction === 'inbound' ? 'from-phone' : 'to-phone',
    to: phoneOf(call.to),
    from: phoneOf(call.from),
    body: null,
    buttons: [],
    link: talk?.heard.find(({ url }) => url !== null)?.url ?? null,
    heard: talk?.heard ?? [],
    presses: talk?.presses ?? [],
    status: call.status,
    answeredBy: call.answeredBy,
    durationS: call.durationS,
  }
  store.receive(entry)
  return entry
}

/** https://www.twilio.com/docs/voice/api/call-resource#statuscallback */
function tell(exchange: Exchange, call: CallRecord, event: CallEvent, status: string): void {
  const { plan, durationS, answeredBy, errorCode } = call
  if (plan.statusCallback === null || !plan.events.includes(event)) return
  const ended = event === 'completed'
  exchange.callbacks.post({
    sid: call.sid,
    to: call.to,
    resource: 'calls',
    status,
    url: plan.statusCallback,
    method: plan.statusCallbackMethod,
    params: {
      ...callParams(call, exchange.accountSid),
      CallStatus: status,
      Timestamp: rfc2822(exchange.clock.now()),
      CallbackSource: 'call-progress-events',
      SequenceNumber: String(plan.events.indexOf(event)),
      ...(ended ? { CallDuration: String(durationS ?? 0), Duration: String(Math.ceil((durationS ?? 0) / 60)) } : {}),
      ...(ended && sipCodes[status] ? { SipResponseCode: sipCodes[status] } : {}),
      ...(answeredBy ? { AnsweredBy: answeredBy } : {}),
      ...(errorCode === null ? {} : { ErrorCode: String(errorCode), ErrorMessage: errorText(errorCode) }),
    },
  })
}

const sipCodes: Readonly<Record<string, string>> = {
  completed: '200',
  busy: '486',
  'no-answer': '487',
  canceled: '487',
  failed: '404',
}
