import { accountByName } from '../../../src/console/accounts.ts'
import { frameAdminRoutes, frameRoutes } from '../../../src/console/listener.ts'
import { ROLES } from '../../../src/console/officer.ts'
import { routes } from '../../../src/console/routes.ts'
import { beginSession, csrfOf } from '../../../src/console/sessions.ts'
import { openTestConsole, type TestConsole } from '../../../src/console/testing.ts'
import { readMessages, WORDS_FOLDER } from '../../../src/console/words.ts'
import { addDays, civilDate } from '../../../src/lib/civil-date.ts'
import { overstayPass } from '../../../src/overstay/cases.ts'
import { buildersFor } from '../../../src/overstay/fixture.ts'
import { openFollowUps } from '../../../src/overstay/follow-ups.ts'
import { importRegister } from '../../../src/register/import.ts'
import { type Draw, inAddress, mutated, oddHeaders, oddText } from './grammar.ts'
import type { Shot } from './send.ts'
import { leakIn, openErrorLog, type Target } from './target.ts'

const TODAY = civilDate('2026-11-22')
const ALL = [...frameRoutes, ...frameAdminRoutes, ...routes]
const SAID = [...(await readMessages(WORDS_FOLDER, 'id')).keys()].flatMap((key) =>
  key.startsWith('said.') ? [key.slice(5)] : [],
)
/** What pages ask of their address; values that are right now and then. */
const ASKED: ReadonlyMap<string, readonly string[]> = new Map([
  ['lang', ['id', 'en']],
  ['next', ['/account', '/cases/1?x=1']],
  ['said', SAID],
  ['after', ['1', '2', '5', '100']],
  ['s', []],
  ['q', ['Anna', 'BLT-7K3Q', '081234567890']],
  ['from', ['2026-01-01', '1', '5']],
  ['to', ['2026-12-31', '60']],
  ['on', ['2026-11-25', '2026-12-06']],
  ['ends', ['7', '14', '90']],
  ['noticed', ['2026-11-22']],
  ['opened', ['2026-11-22']],
  ['level', ['verify', 'summon', 'field-check', 'over-60']],
  ['nationality', ['DE', 'TL']],
  ['regency', ['Kota Blitar']],
  ['kind', ['ITAS', 'phone', 'identity']],
  ['held', ['0', '1']],
  ['differs', ['1']],
  ['closed', ['1']],
  ['owner', ['-', 'officer1']],
  ['assigned', ['-', 'officer1']],
  ['contact', ['told', 'none']],
  ['state', ['queued', 'sent', 'uncertain', 'set_aside']],
  ['channel', ['sms', 'call', 'whatsapp']],
  ['error', ['30003', '21610']],
  ['sort', ['name', 'expiry', 'newest', 'days', 'regency']],
  ['correct', ['phone', 'language']],
  ['ref', ['BLT-7K3Q']],
  ['by', ['district']],
])
/** What forms bring; those of each page are found on the pages themselves. */
const FIELDS = [
  'name',
  'password',
  'again',
  'current',
  'code',
  'next',
  'back',
  'language',
  'theme',
  'reason',
  'until',
  'on',
  'note',
  'text',
  'outcome',
  'to',
  'channel',
  'answer',
  'force',
  'token',
  'value',
  'field',
  'none',
  'confirm',
  'level',
  'q',
  'file',
  'csrf',
  'id',
]

type Visitor = { cookie: string; csrf: string }
type Fields = Map<string, readonly string[]>

/** The console with some people, cases and follow-ups, asked by everyone who may and many who may not. */
export async function consoleTarget(draw: Draw): Promise<Target> {
  const { log, errors } = openErrorLog()
  const world: TestConsole = await openTestConsole({
    routes,
    deps: {
      log,
      trustedProxies: ['127.0.0.1'],
      importFile: (options) =>
        importRegister({ db: world.db, log, now: world.clock.now(), today: TODAY, officeCode: 'BLT' }, options),
    },
  })
  await people(world)
  const again: (() => Promise<Visitor>)[] = [
    ...ROLES.map((role) => () => signedIn(world, role)),
    () => signedIn(world, 'officer', ['Kota Blitar']),
    () => halfSignedIn(world),
  ]
  const visitors: Visitor[] = []
  for (const signIn of again) visitors.push(await signIn())
  const forms = await formsOf(world)
  let shooter = 0
  return {
    url: world.console.url,
    errors,
    next() {
      shooter = draw.below(visitors.length)
      return shotBy(draw, visitors[shooter]!, forms)
    },
    judge: (_shot, answer) => leakIn(answer),
    async tend({ what }) {
      if (!/POST \/(sign|account)/.test(what)) return
      visitors[shooter] = await again[shooter]!()
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  }
}

function shotBy(draw: Draw, visitor: Visitor, forms: ReadonlyMap<string, Fields>): Shot {
  const route = draw.one(ALL)
  const method = draw.chance(0.95)
    ? route.method
    : draw.one(['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
  const path = draw.chance(0.03) ? `/${inAddress(draw, oddText(draw))}` : pathOf(draw, route.path)
  const asked = draw.chance(route.method === 'GET' ? 0.8 : 0.15)
    ? someOf(draw, ASKED)
    : new Map<string, readonly string[]>()
  const query = mutated(draw, asked, FIELDS).map(
    ([name, value]) => `${inAddress(draw, name)}=${inAddress(draw, value)}`,
  )
  const headers = {
    ...oddHeaders(draw),
    cookie: cookieOf(draw, visitor),
    'x-forwarded-for': `198.51.100.${draw.below(250)}`,
  }
  const shot: Shot = {
    what: `${method} ${route.path}`,
    method,
    target: `${path}${query.length > 0 ? `?${query.join('&')}` : ''}`,
    headers,
  }
  if (method !== 'POST') return shot
  const fields = mutated(
    draw,
    forms.get(route.path) ?? new Map(FIELDS.slice(0, draw.below(8)).map((name) => [name, []])),
    FIELDS,
  )
  const csrf = draw.chance(0.85) ? visitor.csrf : oddText(draw)
  return { ...shot, ...bodyOf(draw, [...fields.filter(([name]) => name !== 'csrf'), ['csrf', csrf]], headers) }
}

function bodyOf(
  draw: Draw,
  fields: [string, string][],
  headers: Record<string, string>,
): Pick<Shot, 'headers' | 'body'> {
  const kind = draw.below(20)
  if (kind === 0)
    return {
      headers: { ...headers, 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(Object.fromEntries(fields))),
    }
  if (kind === 1)
    return {
      headers: { ...headers, 'content-type': oddText(draw).replaceAll(/[^\x20-\x7e]/g, '?') },
      body: Buffer.from(oddText(draw)),
    }
  if (kind === 2) return { headers, body: Buffer.alloc(0) }
  if (kind === 3)
    return {
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      body: Buffer.alloc(draw.below(100_000), 'a=b&'),
    }
  if (kind <= 6 || fields.some(([name]) => name === 'file')) return multipart(draw, fields, headers)
  const text = fields.map(([name, value]) => `${inAddress(draw, name)}=${inAddress(draw, value)}`).join('&')
  return { headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' }, body: Buffer.from(text) }
}

const REGISTER = 'NIORA,Nama,Kewarganegaraan,No. Paspor,Jenis Izin,No. Izin,Berlaku s.d.,No. HP\n'

function multipart(
  draw: Draw,
  fields: [string, string][],
  headers: Record<string, string>,
): Pick<Shot, 'headers' | 'body'> {
  const quoted = (name: string) => name.replaceAll(/["\r\n]/g, encodeURIComponent)
  const parts = fields.map(([name, value]) => {
    const isFile = name === 'file' || draw.chance(0.05)
    const rows = `${REGISTER}R-${draw.below(9)},${oddText(draw)},MY,A1234567,ITAS,${oddText(draw)},${oddText(draw)},${oddText(draw)}\n`
    const content = isFile && draw.chance(0.8) ? rows : value
    return `--x\r\nContent-Disposition: form-data; name="${quoted(name)}"${isFile ? `; filename="${quoted(oddText(draw))}"` : ''}\r\n\r\n${content}\r\n`
  })
  const body = Buffer.from(`${parts.join('')}--x--\r\n`)
  const cut = draw.chance(0.1) ? body.subarray(0, draw.below(body.length)) : body
  return {
    headers: { ...headers, 'content-type': `multipart/form-data; boundary=${draw.chance(0.95) ? 'x' : 'y'}` },
    body: cut,
  }
}

function cookieOf(draw: Draw, { cookie }: Visitor): string {
  const kind = draw.below(20)
  if (kind === 0) return ''
  if (kind === 1) return `tenggat-session=${'A'.repeat(43)}`
  if (kind === 2) return `tenggat-session=${oddText(draw).replaceAll(/[^\x20-\x7e]/g, '?')}; ${cookie}`
  if (kind === 3) return `${cookie}; tenggat-form=%zz; =; ;;a; __proto__=x; tenggat-session="x"`
  return cookie
}

function pathOf(draw: Draw, path: string): string {
  return path.replaceAll(/:[a-z]+(\([^)]*\))?/gi, () =>
    draw.chance(0.75) ? String(1 + draw.below(8)) : inAddress(draw, oddText(draw)),
  )
}

function someOf(draw: Draw, all: ReadonlyMap<string, readonly string[]>): Fields {
  const names = [...all.keys()].filter(() => draw.chance(0.12))
  return new Map(names.map((name) => [name, all.get(name)!]))
}

async function signedIn(world: TestConsole, role: (typeof ROLES)[number], regencies?: string[]): Promise<Visitor> {
  const { cookies } = await world.signedIn(role, regencies)
  return holding(cookies.get('tenggat-session')!)
}

function holding(token: string): Visitor {
  return { cookie: `tenggat-session=${token}`, csrf: csrfOf(token) }
}

/** Who has shown a one-time password and still has to choose one. */
async function halfSignedIn({ db, add, clock, deps }: TestConsole): Promise<Visitor> {
  const name = `baru${await db.read.$count(db.t.officers)}`
  await add(name, 'supervisor')
  const account = (await accountByName(db.read, name))!
  const now = clock.now()
  const token = await db.write((tx) => beginSession(tx, { account, codeAt: null, now, policy: deps.office.console }))
  return holding(token)
}

/** The forms that an admin finds on every page, by the route that they are posted to: names and the values that are offered. */
async function formsOf(world: TestConsole): Promise<Map<string, Fields>> {
  const visitor = await world.signedIn('admin')
  const found = new Map<string, Fields>()
  for (const { path } of ALL.filter(({ method }) => method === 'GET')) {
    for (const id of path.includes(':') ? [1, 2, 3] : [0]) {
      const { text } = await visitor.get(path.replaceAll(/:[a-z]+(\([^)]*\))?/gi, String(id)))
      for (const [, action, inside] of text.matchAll(/<form[^>]*action="([^"?]*)[^"]*"[^>]*>(.*?)<\/form>/gs)) {
        const route = ALL.find((one) => one.method === 'POST' && patternOf(one.path).test(action!))
        if (route) found.set(route.path, new Map([...(found.get(route.path) ?? []), ...fieldsOf(inside!)]))
      }
    }
  }
  return found
}

function fieldsOf(form: string): Fields {
  const fields: Fields = new Map()
  for (const [, tag] of form.matchAll(/<(?:input|textarea)([^>]*)>/g)) {
    const [name, value] = ['name', 'value'].map((one) => new RegExp(`\\b${one}="([^"]*)"`).exec(tag!)?.[1])
    if (name) fields.set(name, [...(fields.get(name) ?? []), ...(value ? [value] : [])])
  }
  for (const [, tag, options] of form.matchAll(/<select([^>]*)>(.*?)<\/select>/gs)) {
    const name = /\bname="([^"]*)"/.exec(tag!)?.[1]
    if (name)
      fields.set(
        name,
        [...options!.matchAll(/<option value="([^"]*)"/g)].map(([, value]) => value!),
      )
  }
  return fields
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:[a-z]+(\([^)]*\))?/gi, '[^/]+')}$`)
}

async function people(world: TestConsole): Promise<void> {
  const { db, clock, deps } = world
  const make = buildersFor(db)
  for (const [index, days] of [5, 10, 40, 60, 70].entries()) {
    const resident = await make.resident({
      full_name: `Orang ${index}`,
      regency: index % 2 === 0 ? 'Kota Blitar' : 'Kabupaten Tulungagung',
    })
    const cycle = await make.cycle(await make.permit(resident.id, addDays(TODAY, -days)))
    const notice = await make.notice(cycle, -1, addDays(TODAY, -4))
    await make.delivery(notice, { phone: resident.phone!, state: index % 2 === 0 ? 'delivered' : 'uncertain' })
  }
  const silent = await make.resident({ full_name: 'Maria da Silva', language: 'pt' })
  const soon = await make.cycle(await make.permit(silent.id, addDays(TODAY, 5)))
  await make.delivery(await make.notice(soon, 7), { phone: silent.phone!, state: 'sent' })
  const wanted = [
    { resident_id: silent.id, kind: 'phone' as const, cycle_id: soon.id, cause: 'unconfirmed' },
    { resident_id: silent.id, kind: 'number' as const, cycle_id: 0, cause: 'no-phone' },
  ]
  await openFollowUps(db, { wanted, dueOn: () => TODAY, now: clock.now() })
  await overstayPass({ db, log: deps.log, offices: deps.offices, now: clock.now(), today: TODAY })
}
