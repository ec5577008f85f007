import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyReply } from 'fastify'
import { AppError } from '../lib/errors.ts'
import {
  assignCase,
  type CaseAction,
  closeCase,
  escalateCase,
  noteOnCase,
  recordContact,
  reopenCase,
} from '../overstay/case-actions.ts'
import {
  CASE_OUTCOMES,
  type CaseOutcome,
  CONTACT_CHANNELS,
  type ContactChannel,
  levelsAbove,
} from '../overstay/case-rules.ts'
import { setHold } from '../register/holds.ts'
import { idOf, oneOf, optional, required, subjectOf, wholeNumber } from './asked.ts'
import { assignableOfficers, type CaseScope, caseFile, caseRow, voiceNoteKey } from './case-query.ts'
import { HOLD_REASONS, holdFields } from './hold-form.ts'
import { mayAs } from './officer.ts'
import { pathFor, render } from './pages.ts'
import type { ConsoleRequest, Route, RouteAudit } from './route.ts'
import { sayings, spokenTo } from './say.ts'

export const caseRoutes: Route[] = [
  {
    method: 'GET',
    path: '/cases/:id',
    role: 'viewer',
    audit: { action: 'case.view', subject: subjectOf('case') },
    handle: show,
  },
  action('assign', async (request, about) => {
    const to = optional(request.form, 'to') ?? null
    if (to !== null && !(await assignableOfficers(request.deps)).includes(to)) {
      throw new AppError('invalid', `petugas "${to}" tidak dikenal atau tidak boleh menangani kasus`)
    }
    await assignCase(momentOf(request), { ...about, to })
  }),
  action('note', async (request, { caseId, by }) => {
    await noteOnCase(momentOf(request), { caseId, by, text: required(request.form, 'text', 'Catatan') })
  }),
  action('contact', async (request, about) => {
    const channel = oneOf(CONTACT_CHANNELS, request.form.channel) ?? (request.form.channel as ContactChannel)
    await recordContact(momentOf(request), {
      ...about,
      channel,
      text: required(request.form, 'text', 'Isi pembicaraan'),
    })
  }),
  action('escalate', async (request, about) => {
    await escalateCase({ ...momentOf(request), office: request.deps.office }, { ...about, ...noteOf(request) })
  }),
  action('close', async (request, about) => {
    const outcome = oneOf(CASE_OUTCOMES, request.form.outcome) ?? (request.form.outcome as CaseOutcome)
    await closeCase(momentOf(request), { ...about, outcome, ...noteOf(request) })
  }),
  action('reopen', async (request, about) => {
    await reopenCase(momentOf(request), { ...about, ...noteOf(request) })
  }),
  action('hold', async (request, { caseId, by }) => {
    const { resident_id } = await caseRow(scopeOf(request), caseId)
    const fields = holdFields(request.form, request.today)
    await request.deps.db.write((tx) =>
      setHold(tx, { residentId: resident_id, ...fields, setBy: by, now: request.now }),
    )
  }),
  {
    method: 'GET',
    path: '/voice-notes/:id(^\\d+).mp3',
    role: 'viewer',
    async handle({ deps, params }, reply) {
      const key = await voiceNoteKey(deps.db, idOf(params))
      if (key === undefined) throw new AppError('not-found', 'pesan suara ini tidak ada')
      reply.type('audio/mpeg').header('cache-control', 'private, max-age=3600')
      return readFile(join(deps.audioDir, `${key}.mp3`))
    },
  },
]

async function show(request: ConsoleRequest, reply: FastifyReply): Promise<string> {
  const { deps, officer } = request
  const file = await caseFile(scopeOf(request), idOf(request.params))
  const { row } = file
  return render(reply, officer, 'case', {
    title: row.name,
    styles: ['lists.css'],
    ...sayings(request, reply),
    ...file,
    spoken: spokenTo(deps, file.resident),
    isOpen: row.closed_at === null,
    mayAct: mayAs(officer, 'officer'),
    officers: await assignableOfficers(deps),
    above: levelsAbove(deps.office, row.level),
    outcomes: CASE_OUTCOMES,
    contactChannels: CONTACT_CHANNELS,
    holdReasons: HOLD_REASONS,
  })
}

/** One thing an officer does to a case: only within the area, and back to the case's page. */
function action(name: string, work: (request: ConsoleRequest, about: CaseAction) => Promise<void>): Route {
  const audit: RouteAudit = {
    action: `case.${name}`,
    subject: subjectOf('case'),
  }
  return {
    method: 'POST',
    path: `/cases/:id/${name}`,
    role: 'officer',
    audit,
    async handle(request, reply) {
      const caseId = idOf(request.params)
      const version = wholeNumber(request.form.version)
      await caseRow(scopeOf(request), caseId)
      await work(request, { caseId, by: request.officer.name, ...(version !== undefined && { version }) })
      return reply.redirect(pathFor(reply, `/cases/${caseId}`, { said: `case.${name}` }), 303)
    },
  }
}

function scopeOf({ deps, today, officer }: ConsoleRequest): CaseScope {
  return { db: deps.db, office: deps.office, today, officer }
}

function momentOf({ deps, now, today }: ConsoleRequest) {
  return { db: deps.db, now, today }
}

function noteOf({ form }: ConsoleRequest): { note?: string } {
  const note = optional(form, 'note')
  return note === undefined ? {} : { note }
}
