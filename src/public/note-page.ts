import { inArray } from 'drizzle-orm'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Template, templateFor } from '../compose/template.ts'
import { pageWords } from '../compose/words.ts'
import type { Answer } from '../db/schema.ts'
import { acknowledge } from '../deliver/acknowledgements.ts'
import { findByToken, type ToldDelivery, type ToldNotice } from '../deliver/find-by-token.ts'
import { type CivilDate, dateAt } from '../lib/civil-date.ts'
import { chooseLanguage } from '../register/residents.ts'
import { type CalendarDay, calendarFile } from './calendar.ts'
import { soleResident } from './choose-language.ts'
import type { PublicDeps } from './deps.ts'
import { liveNotices, pageFactsOf } from './facts.ts'
import { ANSWERS, noteView } from './note-view.ts'
import type { Pages } from './pages.ts'
import { voiceNoteFor } from './voice-notes.ts'

type Query = { lang?: string | string[]; done?: string | string[] }
type Linked = { Params: { token: string }; Querystring: Query }

type OpenNote = {
  /** Of the resident's office. */
  deps: PublicDeps
  token: string
  delivery: ToldDelivery
  live: ToldNotice[]
  today: CivilDate
  language: string
  /** The language asked for in the URL alone. */
  lang: string | null
}

/** `/n/:token` and what belongs to it. Looking changes nothing: link previews look, too. Only a POST answers. */
export function registerNotePage(app: FastifyInstance, deps: PublicDeps, pages: Pages): void {
  app.get<Linked>('/n/:token', async (request, reply) => {
    const opened = await openNote(deps, pages, request, reply)
    return 'live' in opened ? showNote(pages, request, reply, opened) : opened
  })

  app.get<Linked>('/n/:token.ics', async (request, reply) => {
    const opened = await openNote(deps, pages, request, reply)
    if (!('live' in opened)) return opened
    const { template } = templateFor(opened.deps.templates, opened.language)
    return reply
      .type('text/calendar; charset=utf-8')
      .header('content-disposition', `attachment; filename="${opened.live[0]!.reference}.ics"`)
      .send(calendarFile(calendarDays(opened.deps, opened, template), deps.clock.now()))
  })

  app.post<Linked & { Body: Fields }>('/n/:token/ack', async (request, reply) => {
    const opened = await openNote(deps, pages, request, reply)
    if (!('live' in opened)) return opened
    const answer = ANSWERS.find((one) => one === field(request.body, 'answer')[0])
    if (!answer) return pages.sendTrouble(reply, 400)
    const { delivery, live } = opened
    const chosen = field(request.body, 'reference')
    const meant = live.length === 1 ? live : live.filter((notice) => chosen.includes(notice.reference))
    if (meant.length > 0) {
      const noticeIds = meant.map((notice) => notice.noticeId)
      await acknowledge(deps.db, { deliveryId: delivery.id, noticeIds, answer, via: 'page', now: deps.clock.now() })
    }
    return reply.redirect(pathOf(pages, opened, meant.length > 0 ? { done: answer } : {}), 303)
  })

  app.post<Linked & { Body: Fields }>('/n/:token/language', async (request, reply) => {
    const opened = await openNote(deps, pages, request, reply)
    if (!('live' in opened)) return opened
    const language = field(request.body, 'lang')[0] ?? ''
    if (!opened.deps.templates.has(language)) return pages.sendTrouble(reply, 400)
    const resident = soleResident(opened.delivery.notices)
    if (!resident) return reply.redirect(pathOf(pages, { ...opened, lang: language }), 303)
    const { residentId } = resident
    await deps.db.write((tx) => chooseLanguage(tx, { residentId, language, now: deps.clock.now() }))
    return reply.redirect(pathOf(pages, { ...opened, lang: null }), 303)
  })
}

type Fields = Readonly<Record<string, string | string[] | undefined>> | null

/** The note behind the link, or the answer already given: unknown (404) or ended (410). */
async function openNote(
  all: PublicDeps,
  pages: Pages,
  request: FastifyRequest<Linked>,
  reply: FastifyReply,
): Promise<OpenNote | FastifyReply> {
  const { token } = request.params
  const delivery = await findByToken(all.db, token)
  if (!delivery) return pages.sendUnknown(reply)
  const deps = all.at(delivery.officeCode)
  const today = dateAt(deps.clock.now(), deps.office.timeZone)
  const asked = field({ ...request.query, ...(request.body as Fields) }, 'lang')[0] ?? ''
  const lang = deps.templates.has(asked) ? asked : null
  const language = lang ?? soleResident(delivery.notices)?.chosenLanguage ?? delivery.language
  const live = liveNotices(delivery.notices, today)
  if (live.length === 0) return pages.sendEnded(reply, templateFor(deps.templates, language).template, deps.office)
  return { deps, token, delivery, live, today, language, lang }
}

async function showNote(
  pages: Pages,
  request: FastifyRequest<Linked>,
  reply: FastifyReply,
  opened: OpenNote,
): Promise<FastifyReply> {
  const { deps } = opened
  const { office, templates } = deps
  const done = ANSWERS.find((one) => one === field(request.query, 'done')[0]) ?? null
  const given = await answersGiven(deps, opened.live)
  const note = (await voiceNoteFor(deps, opened)) ?? null
  const link = `/n/${opened.token}`
  return pages.send(reply, 'note', noteView({ ...opened, office, templates, link, given, done, note }))
}

async function answersGiven({ db }: PublicDeps, live: readonly ToldNotice[]): Promise<Answer[]> {
  const { acknowledgements } = db.t
  const cycles = [...new Set(live.map((notice) => notice.cycleId))]
  const rows = await db.read
    .select({ cycleId: acknowledgements.cycle_id, role: acknowledgements.role, answer: acknowledgements.answer })
    .from(acknowledgements)
    .where(inArray(acknowledgements.cycle_id, cycles))
  const given = rows.filter((row) => live.some((notice) => notice.cycleId === row.cycleId && notice.role === row.role))
  return ANSWERS.filter((answer) => given.some((row) => row.answer === answer))
}

function calendarDays(
  { office, publicBaseUrl }: PublicDeps,
  { live, today }: OpenNote,
  template: Template,
): CalendarDay[] {
  const host = new URL(publicBaseUrl).hostname
  const { calendar } = template.page
  return live.flatMap((notice): CalendarDay[] => {
    const facts = pageFactsOf([notice], { office, today, link: '' })
    const words = pageWords(template, facts)
    const description = `${words.notice}\n${office.name}, ${office.phone}\n${notice.reference}`
    const day = (kind: string, date: CivilDate, summary: string) => ({
      id: `${notice.reference}-${kind}@${host}`,
      date,
      summary: `${summary} (${office.shortName})`,
      description,
    })
    const mayFile = facts.extend !== 'no' && !facts.late && !facts.overstay
    return [
      ...(mayFile ? [day('last-day', facts.lastFilingDay, calendar.last_day)] : []),
      day('expires', notice.expiresOn, calendar.expires),
    ]
  })
}

function pathOf(pages: Pages, { token, lang }: Pick<OpenNote, 'token' | 'lang'>, more: { done?: Answer } = {}): string {
  const query = new URLSearchParams({ ...(lang ? { lang } : {}), ...more }).toString()
  return pages.path(`/n/${token}${query ? `?${query}` : ''}`)
}

function field(fields: Fields | Query, name: string): string[] {
  const value = (fields as Record<string, string | string[] | undefined> | null)?.[name]
  return value === undefined ? [] : [value].flat()
}
