import twilio from 'twilio/lib/webhooks/webhooks.js'
import { civilDate } from '../../../src/lib/civil-date.ts'
import { openTestOffice, PUBLIC_BASE_URL } from '../../../test/public-office.ts'
import { type Draw, inAddress, mutated, oddHeaders, oddText } from './grammar.ts'
import type { Shot } from './send.ts'
import { leakIn, openErrorLog, type Target } from './target.ts'

const PAGES = [
  '/',
  '/robots.txt',
  '/n/:token',
  '/n/:token.ics',
  '/n/:token/ack',
  '/n/:token/language',
  '/audio/:token.mp3',
  '/audio/:token.ogg',
  '/assets/:file',
] as const
const HOOKS = [
  '/twilio/status',
  '/twilio/message',
  '/twilio/call/:attempt',
  '/twilio/call/:attempt/key',
  '/twilio/call/:attempt/end',
  '/twilio/call/inbound',
] as const
const SIDS = ['SM1', 'SM2', 'CA1', 'CA2', `SM${'0'.repeat(32)}`]

/** What the carrier sends, of all its hooks together. */
const SENT: ReadonlyMap<string, readonly string[]> = new Map([
  ['MessageSid', SIDS],
  ['SmsSid', SIDS],
  [
    'MessageStatus',
    ['accepted', 'queued', 'sending', 'sent', 'delivered', 'undelivered', 'failed', 'read', 'canceled'],
  ],
  ['ErrorCode', ['0', '30003', '30005', '21610', '63016', '99999']],
  ['CallSid', SIDS],
  ['CallStatus', ['initiated', 'ringing', 'in-progress', 'completed', 'busy', 'no-answer', 'failed', 'canceled']],
  ['AnsweredBy', ['human', 'machine_start', 'machine_end_beep', 'fax', 'unknown']],
  ['Digits', ['1', '2', '9', '*', '#', '12345678901234567890']],
  ['From', []],
  ['To', ['+6281234510001', 'whatsapp:+6281234510001']],
  ['Body', ['STOP', 'berhenti', 'MULAI', 'Terima kasih', 'ok']],
  ['ButtonPayload', ['understood', 'applied', 'leaving', 'help', 'listen']],
  ['ButtonText', ['Saya mengerti']],
  ['OriginalRepliedMessageSid', SIDS],
  ['OptOutType', ['STOP', 'START', 'HELP']],
  ['CallDuration', ['0', '17']],
  ['Timestamp', ['Mon, 23 Nov 2026 01:30:00 +0000']],
])
const QUERY: ReadonlyMap<string, readonly string[]> = new Map([
  ['attempt', ['1', '2', '3']],
  ['round', ['1', '2', '3', '4']],
  ['heard', ['1', '0']],
  ['lang', ['id', 'en', 'zh-Hans', 'ar']],
  ['done', ['understood', 'applied', 'leaving', 'help']],
])
const ANSWER: ReadonlyMap<string, readonly string[]> = new Map([
  ['answer', ['understood', 'applied', 'leaving', 'help']],
  ['lang', ['id', 'en', 'de', 'ar', 'zh-Hans']],
  ['reference', ['BLT-1001', 'BLT-1002']],
])

/** The public listener with some messages out: residents, strangers, the carrier, and who would like to be the carrier. */
export async function publicTarget(draw: Draw): Promise<Target> {
  const { log, errors } = openErrorLog()
  const office = await openTestOffice({ log, trustedProxies: ['127.0.0.1'], requestsPerMinute: 100_000 })
  const { rows, deps } = office
  const telling = [
    {},
    { language: 'ar', channel: 'whatsapp' as const, nationality: 'SA' },
    { language: 'pt', channel: 'call' as const },
    { role: 'sponsor' as const },
    { expiresOn: civilDate('2026-10-01') },
    { expiresOn: civilDate('2026-11-20'), stage: -1 },
  ]
  const tokens: string[] = []
  const phones: string[] = []
  for (const [index, one] of telling.entries()) {
    const phone = `+628123451000${index}`
    phones.push(phone, `whatsapp:${phone}`)
    tokens.push((await rows.tell({ ...one, phone })).token)
  }
  const sounds = [(await rows.record()).token]
  const sent = new Map([...SENT, ['From', phones] as const])
  const signature = (target: string, fields: Record<string, string | string[]>) =>
    twilio.getExpectedTwilioSignature(deps.twilioAuthToken, PUBLIC_BASE_URL + target, fields)
  const names = [...SENT.keys(), ...QUERY.keys(), 'AccountSid']

  const page = (): Shot => {
    const route = draw.one(PAGES)
    const isForm = /\/(ack|language)$/.test(route)
    const method = draw.chance(0.93)
      ? isForm
        ? 'POST'
        : 'GET'
      : draw.one(['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'DELETE'])
    const path = draw.chance(0.03)
      ? `/${inAddress(draw, oddText(draw))}`
      : route.replaceAll(/:(token|file)/g, () =>
          draw.chance(0.8) ? draw.one(route.startsWith('/audio') ? sounds : tokens) : inAddress(draw, oddText(draw)),
        )
    const headers = { ...oddHeaders(draw), 'x-forwarded-for': `203.0.113.${draw.below(250)}` }
    const shot = { what: `${method} ${route}`, method, target: withQuery(path), headers }
    if (method !== 'POST') return shot
    const type = draw.chance(0.9)
      ? 'application/x-www-form-urlencoded'
      : draw.one(['application/json', 'multipart/form-data; boundary=x', 'text/xml', ''])
    return {
      ...shot,
      headers: { ...headers, 'content-type': type },
      body: Buffer.from(encoded(mutated(draw, ANSWER, names))),
    }
  }

  const hook = (): Shot => {
    const route = draw.one(HOOKS)
    const path = route.replace(':attempt', () =>
      draw.chance(0.8) ? String(1 + draw.below(8)) : inAddress(draw, oddText(draw)),
    )
    const target = withQuery(path)
    const fields = mutated(draw, someOf(sent), names).filter(([name]) => name !== 'AccountSid')
    if (draw.chance(0.97)) fields.push(['AccountSid', deps.accountSid])
    const signed = draw.chance(0.9)
      ? signature(target, grouped(fields))
      : oddText(draw).replaceAll(/[^\x20-\x7e]/g, '?')
    const headers = {
      ...oddHeaders(draw),
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': signed,
    }
    return { what: `POST ${route}`, method: 'POST', target, headers, body: Buffer.from(encoded(fields)) }
  }

  const withQuery = (path: string) => {
    const query = draw.chance(0.5) ? mutated(draw, someOf(QUERY), names) : []
    return query.length === 0 ? path : `${path}?${encoded(query)}`
  }
  const encoded = (fields: [string, string][]) =>
    new URLSearchParams(fields.map(([name, value]) => [name, value.toWellFormed()])).toString()
  const someOf = (all: ReadonlyMap<string, readonly string[]>) => new Map([...all].filter(() => draw.chance(0.45)))

  return {
    url: office.listener.url,
    errors,
    next: () => (draw.chance(0.5) ? page() : hook()),
    judge: (_shot, answer) => (answer.headers['set-cookie'] === undefined ? leakIn(answer) : 'it sets a cookie'),
    tend: async () => undefined,
    [Symbol.asyncDispose]: () => office[Symbol.asyncDispose](),
  }
}

/** As a form is read: of a repeated name all values. */
function grouped(fields: [string, string][]): Record<string, string | string[]> {
  const names = [...new Set(fields.map(([name]) => name))]
  return Object.fromEntries(
    names.map((name) => {
      const values = fields.filter(([one]) => one === name).map(([, value]) => value.toWellFormed())
      return [name, values.length === 1 ? values[0]! : values]
    }),
  )
}
