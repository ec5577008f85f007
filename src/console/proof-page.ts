import type { FastifyReply } from 'fastify'
import { templateFor } from '../compose/template.ts'
import { idOf, subjectOf } from './asked.ts'
import { caseRow } from './case-query.ts'
import { asFile, wordsFor } from './pages.ts'
import { pdfOf } from './pdf/pdf.ts'
import { proofContent } from './proof/content.ts'
import { permitOfCase, proofRecord } from './proof/record.ts'
import { sayingFor } from './proof/saying.ts'
import type { ConsoleRequest, Route } from './route.ts'
import { sayings, spokenTo } from './say.ts'

export const proofRoutes: Route[] = [
  {
    method: 'GET',
    path: '/cases/:id/proof.pdf',
    role: 'viewer',
    audit: { action: 'case.proof', subject: subjectOf('case') },
    async handle(request, reply) {
      const { deps, today, officer, params } = request
      const caseId = idOf(params)
      await caseRow({ db: deps.db, office: deps.office, today, officer }, caseId)
      return proof(request, reply, { permitId: await permitOfCase(deps.db, caseId), name: `kasus-${caseId}` })
    },
  },
  {
    method: 'GET',
    path: '/permits/:id/proof.pdf',
    role: 'viewer',
    audit: { action: 'permit.proof', subject: subjectOf('permit') },
    handle(request, reply) {
      const permitId = idOf(request.params)
      return proof(request, reply, { permitId, name: `izin-${permitId}` })
    },
  },
]

/** The audit has an entry of this request already: the chain's newest hash, which the proof names, covers it. */
async function proof(
  request: ConsoleRequest,
  reply: FastifyReply,
  { permitId, name }: { permitId: number; name: string },
): Promise<Buffer> {
  const { deps, today, now, officer } = request
  const { db, office, audioDir } = deps
  const record = await proofRecord({ db, office, today, officer, audioDir }, permitId)
  const { language } = officer
  const t = wordsFor(reply, officer)
  const saying = sayingFor({ t, sayings: sayings(request, reply), language, office, now })
  const content = proofContent(record, {
    saying,
    office,
    officer,
    spoken: spokenTo(deps, record.resident),
    writtenIn: (tag) => templateFor(deps.templates, tag).template.language,
    now,
    today,
  })
  asFile(reply, { type: 'application/pdf', name: `bukti-pemberitahuan-${name}.pdf` })
  return pdfOf(content)
}
