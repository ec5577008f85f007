import { join } from 'node:path'
import { Eta } from 'eta'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type CivilDate, dateAt } from '../lib/civil-date.ts'
import type { Office } from '../lib/office.ts'
import { queryOf } from './asked.ts'
import type { Assets } from './assets.ts'
import { toneOf } from './badges.ts'
import { dateText, instantText, numberText } from './figures.ts'
import { type IconName, icon } from './icons.ts'
import { type Language, mayAs, type Officer, type Role, type Theme } from './officer.ts'
import type { Translate, Words } from './words.ts'

export type PageData = {
  title: string
  subtitle?: string
  /** Ready HTML at the right of the heading. */
  actions?: string
  /** Own stylesheets of this page, from assets/. */
  styles?: readonly string[]
  [name: string]: unknown
}

export type NavigationItem = { path: string; key: string; icon: IconName; role: Role; headquarters?: true }

/** All that the frame knows and a template may use beside its own data. */
export type PageTools = {
  t: Translate
  /** "6 Desember 2026"; a dash for none. */
  date(date: CivilDate | null): string
  /** "6 Desember 2026 08.05", office time; a dash for none. */
  instant(instant: number | null): string
  number(value: number): string
  /** Ready HTML: a word of the tables in its colour. */
  badge(value: string): string
  icon(name: IconName, size?: number): string
  /** A path of ours as a browser must ask for it: behind a proxy we may live below another path. */
  path(path: string, query?: Readonly<Record<string, string | number | null | undefined>>): string
  asset(file: string): string
  may(role: Role): boolean
  /** Ready HTML: the hidden field that each POST form needs. */
  csrfField: string
  officer: Officer | null
  office: Office
  /** There are several offices, and whoever asks sees them all. */
  headquarters: boolean
  several: boolean
  language: Language
  theme: Theme
  today: CivilDate
  now: number
  /** Path and query of this page; `/` for the answer to a form. */
  url: string
  /** Words for `?said=…` after a redirect, or null. */
  said: string | null
  navigation: readonly (NavigationItem & { current: boolean })[]
}

/** What all requests of one listener share. */
export type PageFrame = {
  assets: Assets
  words: Words
  /** How many there are; of one alone nothing is said. */
  offices: number
  /** Path of the base address, without a slash at its end. */
  base: string
  navigation: readonly NavigationItem[]
  now(): number
}

type Visit = { frame: PageFrame; csrf: string; language: Language; officer: Officer | null; office: Office }

const eta = new Eta({ views: join(import.meta.dirname, 'pages'), cache: true, autoEscape: true })
const visits = new WeakMap<FastifyRequest, Visit>()

/** Told by the listener before any handler runs. */
export function beginVisit(request: FastifyRequest, visit: Visit): void {
  visits.set(request, visit)
}

/** False for what is served to anyone, as assets are. */
export function isVisit(request: FastifyRequest): boolean {
  return visits.has(request)
}

/** Who asks; null until signing in is finished. */
export function officerAt(reply: FastifyReply): Officer | null {
  return visitOf(reply.request).officer
}

/** The HTML of `pages/<page>.eta` in the frame, in the officer's language; sets the content type. */
export function render(reply: FastifyReply, officer: Officer | null, page: string, data: PageData): string {
  reply.type('text/html; charset=utf-8')
  return eta.render(`./${page}`, { ...toolsFor(reply.request, officer), ...data })
}

/** The words of the visitor's language, for handlers that answer with more than a page. */
export function wordsFor(reply: FastifyReply, officer: Officer | null): Translate {
  const visit = visitOf(reply.request)
  return visit.frame.words[officer?.language ?? visit.language]
}

/** What follows is a file to be kept, not a page. */
export function asFile(reply: FastifyReply, { type, name }: { type: string; name: string }): FastifyReply {
  return reply.type(type).header('content-disposition', `attachment; filename="${name}"`)
}

/** For redirects: behind a proxy we may live below another path. */
export function pathFor(
  reply: FastifyReply,
  path: string,
  query: Readonly<Record<string, string | number | null | undefined>> = {},
): string {
  return pathOf(visitOf(reply.request).frame.base, path, query)
}

/** A path of ours that a form or link named, or `/`: never another site. */
export function safePath(text: string | null | undefined): string {
  if (!text || !/^\/(?![/\\])[\x21-\x7e]*$/.test(text) || text.includes('\\')) return '/'
  return text
}

function toolsFor(request: FastifyRequest, officer: Officer | null): PageTools {
  const { frame, csrf, office, ...visit } = visitOf(request)
  const language = officer?.language ?? visit.language
  const t = frame.words[language]
  const now = frame.now()
  const said = queryOf(request.url).get('said')
  const path = request.routeOptions.url ?? ''
  const headquarters = frame.offices > 1 && officer?.officeCode === null
  return {
    t,
    date: (date) => dateText(date, language),
    instant: (instant) => instantText(instant, language, office.timeZone),
    number: (value) => numberText(value, language),
    badge: (value) =>
      `<span class="badge tone-${toneOf(value)}">${escaped(t.has(`badge.${value}`) ? t(`badge.${value}`) : value)}</span>`,
    icon,
    path: (to, query = {}) => pathOf(frame.base, to, query),
    asset: (file) => `${frame.base}/assets/${frame.assets.hrefs.get(file) ?? missing(file)}`,
    may: (role) => officer !== null && mayAs(officer, role),
    csrfField: `<input type="hidden" name="csrf" value="${csrf}">`,
    officer,
    office,
    headquarters,
    several: frame.offices > 1,
    language,
    theme: officer?.theme ?? 'auto',
    today: dateAt(now, office.timeZone),
    now,
    url: request.method === 'GET' ? safePath(request.url) : '/',
    // Links come from outside: one that names no words of ours says nothing.
    said: said !== null && t.has(`said.${said}`) ? t(`said.${said}`) : null,
    navigation: frame.navigation
      .filter((item) => officer !== null && mayAs(officer, item.role) && (item.headquarters !== true || headquarters))
      .map((item) => ({ ...item, current: item.path === '/' ? path === '/' : `${path}/`.startsWith(`${item.path}/`) })),
  }
}

function visitOf(request: FastifyRequest): Visit {
  const visit = visits.get(request)
  if (!visit) throw new Error('a page was asked for outside the console')
  return visit
}

function pathOf(
  base: string,
  path: string,
  query: Readonly<Record<string, string | number | null | undefined>>,
): string {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== '')
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
  return `${base}${path}${text === '' ? '' : `${path.includes('?') ? '&' : '?'}${text}`}`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

function missing(file: string): never {
  throw new Error(`assets/ has no ${file}`)
}
