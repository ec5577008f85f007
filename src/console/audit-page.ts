import { and, desc, eq, isNull, lt, or } from 'drizzle-orm'
import type { FastifyReply } from 'fastify'
import { verifyAudit } from './audit.ts'
import { render, wordsFor } from './pages.ts'
import type { ConsoleRequest, Route } from './route.ts'

const PAGE = 100

export const auditRoutes: readonly Route[] = [
  { method: 'GET', path: '/audit', role: 'admin', audit: { action: 'audit.view' }, handle: showAudit },
  { method: 'POST', path: '/audit/verify', role: 'admin', audit: { action: 'audit.verify' }, handle: verify },
]

async function showAudit(request: ConsoleRequest, reply: FastifyReply): Promise<unknown> {
  return auditPage(request, reply, null)
}

async function verify(request: ConsoleRequest, reply: FastifyReply): Promise<unknown> {
  return auditPage(request, reply, await verifyAudit(request.deps.db.read))
}

/** Newest first; `?before=` pages by key, `?officer=`, `?kind=` and `?id=` narrow it down. */
async function auditPage(
  { deps, officer, query }: ConsoleRequest,
  reply: FastifyReply,
  verdict: Awaited<ReturnType<typeof verifyAudit>> | null,
): Promise<string> {
  const { audit, officers } = deps.db.t
  const whole = (name: string) => (/^\d{1,15}$/.test(query.get(name) ?? '') ? Number(query.get(name)) : null)
  const [before, by, id, kind] = [whole('before'), whole('officer'), whole('id'), query.get('kind')]
  const rows = await deps.db.read
    .select({ entry: audit, name: officers.name })
    .from(audit)
    .leftJoin(officers, eq(audit.officer_id, officers.id))
    .where(
      and(
        before === null ? undefined : lt(audit.id, before),
        by === null ? undefined : eq(audit.officer_id, by),
        kind ? eq(audit.subject_kind, kind) : undefined,
        id === null ? undefined : eq(audit.subject_id, id),
        // Of the program itself, and of the own office's people.
        officer.officeCode === null || !deps.offices.several
          ? undefined
          : or(isNull(audit.officer_id), eq(officers.office_code, officer.officeCode)),
      ),
    )
    .orderBy(desc(audit.id))
    .limit(PAGE + 1)
  const shown = rows.slice(0, PAGE)
  return render(reply, officer, 'audit', {
    title: wordsFor(reply, officer)('audit.title'),
    rows: shown,
    filter: { officer: by, kind, id },
    older: rows.length > PAGE ? shown.at(-1)!.entry.id : null,
    verdict,
  })
}
