import { AppError } from '../lib/errors.ts'
import { obstaclesTo, transferResidents } from '../register/transfer.ts'
import { idOf, subjectOf } from './asked.ts'
import { officeFigures } from './offices-query.ts'
import { pathFor, render, safePath, wordsFor } from './pages.ts'
import { residentFile } from './residents-query.ts'
import type { ConsoleRequest, FrameRequest, FrameRoute, Route } from './route.ts'
import { lookAtOffice } from './sessions.ts'

/** Which office the pages are of, chosen by headquarters: the session's own, like language and theme. */
export const officeFrameRoutes: readonly FrameRoute[] = [
  {
    method: 'POST',
    path: '/offices/open',
    role: 'signed-in',
    async handle({ deps, officer, session, form }, reply) {
      refuseBound({ deps, officer })
      const office = deps.offices.all.find(({ code }) => code === form.office)
      if (!office) throw new AppError('not-found', `tidak ada kantor ${form.office}`)
      await deps.db.write((tx) => lookAtOffice(tx, session!.id, office.code))
      return reply.redirect(pathFor(reply, safePath(form.back)), 303)
    },
  },
]

export const officeRoutes: Route[] = [
  {
    method: 'GET',
    path: '/offices',
    role: 'viewer',
    audit: { action: 'offices.list' },
    async handle({ deps, officer, today }, reply) {
      refuseBound({ deps, officer })
      const t = wordsFor(reply, officer)
      return render(reply, officer, 'offices', {
        title: t('offices.title'),
        subtitle: t('offices.subtitle', { n: deps.offices.all.length }),
        styles: ['lists.css'],
        rows: await officeFigures(deps, today),
      })
    },
  },
  {
    method: 'POST',
    path: '/residents/:id/transfer',
    role: 'supervisor',
    audit: {
      action: 'resident.transfer',
      subject: subjectOf('resident'),
    },
    async handle(request, reply) {
      await transfer(request)
      return reply.redirect(pathFor(reply, '/residents', { said: 'resident.transferred' }), 303)
    },
  },
]

/** @throws AppError `not-found` for whoever belongs to one office: there is nothing to choose. */
function refuseBound({ deps, officer }: Pick<FrameRequest, 'deps' | 'officer'>): void {
  if (!deps.offices.several || officer?.officeCode !== null) throw new AppError('not-found', 'tidak ada halaman ini')
}

async function transfer({ deps, officer, params, form, today, now }: ConsoleRequest): Promise<void> {
  const { db, office, offices } = deps
  const { resident } = await residentFile({ db, office, today, officer }, idOf(params))
  const others = offices.all.map(({ code }) => code).filter((code) => code !== office.code)
  const to = others.find((code) => code === form.office)
  if (to === undefined) {
    throw new AppError('invalid', `kantor tujuan: "${form.office ?? ''}"; yang diperbolehkan: ${others.join(', ')}`)
  }
  await db.write(async (tx) => {
    const residentIds = [resident.id]
    const [obstacle] = await obstaclesTo(tx, { residentIds, to })
    if (obstacle) {
      throw new AppError('conflict', `kantor ${to} sudah punya izin bernomor sama untuk orang lain: periksa dahulu`)
    }
    await transferResidents(tx, { residentIds, to, by: officer.name, now })
  })
}
