import { hangUp, liveCall } from './call-life.ts'
import { hex32 } from './chance.ts'
import { readCall } from './check-call.ts'
import type { Exchange } from './exchange.ts'
import type { Form } from './form.ts'
import { inTime, listed, pageOf, readQuery } from './paging.ts'
import { type CallRecord, callEnded } from './records.ts'
import { refuse } from './refusals.ts'
import { callJson, isIncomplete, viewOf } from './render.ts'
import { formOf, type Result, type Route, sidOf } from './route.ts'

const filters = [
  'To',
  'From',
  'ParentCallSid',
  'Status',
  'StartTime',
  'StartTime<',
  'StartTime>',
  'EndTime',
  'EndTime<',
  'EndTime>',
]

export function callRoutes(exchange: Exchange): Route[] {
  const resource = 'calls'
  const one = 'Calls/:file'
  return [
    {
      method: 'POST',
      path: 'Calls.json',
      resource,
      action: 'create',
      handler: (request) => create(exchange, formOf(request)),
    },
    { method: 'GET', path: 'Calls.json', resource, action: 'read', handler: (request) => list(exchange, request.url) },
    {
      method: 'GET',
      path: one,
      resource,
      action: 'read',
      handler: (request) => shown(exchange, find(exchange, sidOf(request))),
    },
    {
      method: 'POST',
      path: one,
      resource,
      action: 'change',
      handler: (request) => update(exchange, sidOf(request), formOf(request)),
    },
  ]
}

async function create(exchange: Exchange, form: Form): Promise<Result> {
  const { store, clock, seed, scheduler } = exchange
  const { to, from, plan } = readCall(form, exchange)
  const createdAt = clock.now()
  const serial = store.nextSerial()
  const record: CallRecord = {
    sid: `CA${hex32(seed, 'call', serial, to, createdAt)}`,
    serial,
    direction: 'outbound-api',
    to,
    from,
    status: 'queued',
    answeredBy: null,
    errorCode: null,
    createdAt,
    updatedAt: createdAt,
    startedAt: null,
    endedAt: null,
    durationS: null,
    plan,
  }
  if (exchange.behaviour().testCredentials) return { status: 201, body: callJson(record, viewOf(exchange)) }
  store.addCall(record)
  await store.saved()
  const body = callJson(record, viewOf(exchange))
  scheduler.run(() => liveCall(exchange, record))
  return { status: 201, body }
}

function list(exchange: Exchange, url: string): Result {
  const form = readQuery(url, filters)
  const view = viewOf(exchange)
  const items = exchange.store.calls.newest(form.text('To')).filter((call) => {
    const hidden = isIncomplete(call, view)
    const from = form.text('From')
    const status = form.text('Status')
    if (from !== undefined && (hidden || call.from !== from)) return false
    if ((status !== undefined && call.status !== status) || form.has('ParentCallSid')) return false
    if (!inTime(form, 'StartTime', hidden ? null : call.startedAt)) return false
    return listed(exchange, call) && inTime(form, 'EndTime', hidden ? null : call.endedAt)
  })
  return { status: 200, body: pageOf({ items, url, key: 'calls', render: (call) => callJson(call, view) }) }
}

async function update(exchange: Exchange, sid: string, form: Form): Promise<Result> {
  form.allow({
    known: ['Status'],
    notSimulated: [
      'Url',
      'Method',
      'Twiml',
      'FallbackUrl',
      'FallbackMethod',
      'StatusCallback',
      'StatusCallbackMethod',
      'TimeLimit',
    ],
  })
  const status = form.choice('Status', ['canceled', 'completed']) ?? refuse(20001, 'Status is required')
  const call = find(exchange, sid)
  const tooLate = callEnded(call) || (status === 'canceled' && call.status === 'in-progress')
  if (tooLate) refuse(21220)
  hangUp(exchange, call)
  await exchange.store.saved()
  return shown(exchange, call)
}

function find({ store, accountSid }: Exchange, sid: string): CallRecord {
  const path = `/2010-04-01/Accounts/${accountSid}/Calls/${sid}.json`
  return store.calls.get(sid) ?? refuse(20404, `The requested resource ${path} was not found`)
}

function shown(exchange: Exchange, call: CallRecord): Result {
  return { status: 200, body: callJson(call, viewOf(exchange)) }
}
