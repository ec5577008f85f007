import { hex32 } from './chance.ts'
import { readMessage } from './check-message.ts'
import type { Exchange } from './exchange.ts'
import type { Form } from './form.ts'
import { liveMessage } from './message-life.ts'
import { inTime, listed, pageOf, readQuery } from './paging.ts'
import { type MessageRecord, messageEnded } from './records.ts'
import { refuse } from './refusals.ts'
import { isIncomplete, messageJson, viewOf } from './render.ts'
import { formOf, type Result, type Route, sidOf } from './route.ts'

export function messageRoutes(exchange: Exchange): Route[] {
  const resource = 'messages'
  const one = 'Messages/:file'
  return [
    {
      method: 'POST',
      path: 'Messages.json',
      resource,
      action: 'create',
      handler: (request) => create(exchange, formOf(request)),
    },
    {
      method: 'GET',
      path: 'Messages.json',
      resource,
      action: 'read',
      handler: (request) => list(exchange, request.url),
    },
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
    { method: 'DELETE', path: one, resource, action: 'change', handler: (request) => remove(exchange, sidOf(request)) },
  ]
}

async function create(exchange: Exchange, form: Form): Promise<Result> {
  const { store, clock, seed, scheduler } = exchange
  const draft = readMessage(form, exchange)
  const createdAt = clock.now()
  const serial = store.nextSerial()
  const prefix = draft.mediaUrls.length > 0 ? 'MM' : 'SM'
  const sid = `${prefix}${hex32(seed, 'message', serial, draft.to, createdAt)}`
  const record: MessageRecord = {
    ...draft,
    sid,
    serial,
    direction: 'outbound-api',
    createdAt,
    updatedAt: createdAt,
    sentAt: null,
  }
  if (exchange.behaviour().testCredentials) return { status: 201, body: messageJson(record, viewOf(exchange)) }
  store.addMessage(record)
  await store.saved()
  const body = messageJson(record, viewOf(exchange))
  scheduler.run(() => liveMessage(exchange, record))
  return { status: 201, body }
}

function list(exchange: Exchange, url: string): Result {
  const form = readQuery(url, ['To', 'From', 'DateSent', 'DateSent<', 'DateSent>'])
  const view = viewOf(exchange)
  const items = exchange.store.messages.newest(form.text('To')).filter((message) => {
    const hidden = isIncomplete(message, view)
    const from = form.text('From')
    if (from !== undefined && (hidden || message.from !== from)) return false
    return listed(exchange, message) && inTime(form, 'DateSent', hidden ? null : message.sentAt)
  })
  return { status: 200, body: pageOf({ items, url, key: 'messages', render: (message) => messageJson(message, view) }) }
}

/** The only changes there are: redact the text, cancel what is scheduled. */
async function update(exchange: Exchange, sid: string, form: Form): Promise<Result> {
  form.allow({ known: ['Body', 'Status'] })
  const { store, clock } = exchange
  const message = find(exchange, sid)
  const updatedAt = clock.now()
  if (form.choice('Status', ['canceled'])) {
    if (message.status !== 'scheduled') refuse(30409)
    store.changeMessage(message, { status: 'canceled', updatedAt })
  }
  if (form.has('Body')) {
    if (form.text('Body') !== undefined) refuse(20001, 'Body can only be made empty')
    if (!messageEnded(message) && message.status !== 'sent') refuse(20009)
    store.changeMessage(message, { body: '', updatedAt })
  }
  await store.saved()
  return shown(exchange, message)
}

async function remove(exchange: Exchange, sid: string): Promise<Result> {
  const message = find(exchange, sid)
  if (!messageEnded(message) && message.status !== 'sent') refuse(20009)
  exchange.store.removeMessage(message)
  await exchange.store.saved()
  return { status: 204 }
}

function find({ store, accountSid }: Exchange, sid: string): MessageRecord {
  const path = `/2010-04-01/Accounts/${accountSid}/Messages/${sid}.json`
  return store.messages.get(sid) ?? refuse(20404, `The requested resource ${path} was not found`)
}

function shown(exchange: Exchange, message: MessageRecord): Result {
  return { status: 200, body: messageJson(message, viewOf(exchange)) }
}
