import { basename } from 'node:path'
import { stringify } from 'csv-stringify/sync'
import type { FastifyReply } from 'fastify'
import PQueue from 'p-queue'
import { systemClock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { type Reason, RegisterFileError } from '../register/fault.ts'
import type { ImportResult } from '../register/import.ts'
import { idOf, wholeNumber } from './asked.ts'
import type { ConsoleDeps } from './deps.ts'
import { importOf, importPage, rejectsOf } from './imports-query.ts'
import { asFile, pathFor, render, wordsFor } from './pages.ts'
import type { ConsoleRequest, Route } from './route.ts'
import { sayings } from './say.ts'
import { forgetUploads, type Kept, keepUpload, keptUpload, removeUpload } from './uploads.ts'

const LARGEST_FILE = 25 * 1024 * 1024
const SHOWN_REJECTS = 200
/** More are no list that anybody reads. */
const EXPORTED_REJECTS = 100_000
const queue = new PQueue({ concurrency: 1 })

export const importRoutes: Route[] = [
  { method: 'GET', path: '/imports', role: 'viewer', audit: { action: 'imports.list' }, handle: list },
  {
    method: 'POST',
    path: '/imports',
    role: 'supervisor',
    audit: { action: 'import.preview' },
    bodyLimit: LARGEST_FILE,
    handle: preview,
  },
  { method: 'POST', path: '/imports/apply', role: 'supervisor', audit: { action: 'import.apply' }, handle: apply },
  { method: 'GET', path: '/imports/:id', role: 'viewer', audit: { action: 'import.view' }, handle: show },
  {
    method: 'GET',
    path: '/imports/:id/rejects.csv',
    role: 'viewer',
    audit: { action: 'import.rejects' },
    handle: rejects,
  },
]

async function list(request: ConsoleRequest, reply: FastifyReply): Promise<string> {
  const { deps, officer, query } = request
  const after = wholeNumber(query.get('after')) ?? null
  return render(reply, officer, 'imports', {
    title: wordsFor(reply, officer)('imports.title'),
    styles: ['lists.css'],
    ...sayings(request, reply),
    ...(await importPage(deps, after)),
    after,
    mayUpload: deps.importFile !== undefined,
  })
}

async function show(request: ConsoleRequest, reply: FastifyReply): Promise<string> {
  const { deps, officer, params } = request
  const row = await importOf(deps, idOf(params))
  return render(reply, officer, 'import', {
    title: wordsFor(reply, officer)('imports.one', { id: row.id }),
    styles: ['lists.css'],
    ...sayings(request, reply),
    row,
    rejects: await rejectsOf(deps, row.id, SHOWN_REJECTS),
    most: SHOWN_REJECTS,
    rehearsal: null,
  })
}

/** What applying the file would do, and nothing else: the register stays as it is. */
async function preview(request: ConsoleRequest, reply: FastifyReply): Promise<string> {
  const { deps, officer, files } = request
  const file = files.file
  if (!file || file.bytes.byteLength === 0) throw new AppError('invalid', 'pilih satu berkas CSV atau XLSX')
  await forgetUploads(deps.audioDir, systemClock.now())
  const kept = await keepUpload(deps.audioDir, file)
  const rehearsal = await rehearse(request, kept)
  return render(reply, officer, 'import', {
    title: wordsFor(reply, officer)('imports.preview', { file: basename(kept.path) }),
    styles: ['lists.css'],
    ...sayings(request, reply),
    row: null,
    rejects: rehearsal.rejects.slice(0, SHOWN_REJECTS).map((reject) => ({ ...reject, fatal: 1 })),
    most: SHOWN_REJECTS,
    rehearsal,
    token: kept.token,
  })
}

async function apply({ deps, form }: ConsoleRequest, reply: FastifyReply): Promise<unknown> {
  // Headquarters may have opened another office since, in another window.
  if (deps.offices.several && form.office !== deps.office.code) {
    throw new AppError(
      'conflict',
      `berkas ini diperiksa untuk kantor ${form.office}; yang terbuka: ${deps.office.code}`,
    )
  }
  const kept = await keptUpload(deps.audioDir, form.token ?? '')
  if (!kept) throw new AppError('not-found', 'unggahan ini sudah dipakai atau terlalu lama: unggah berkasnya lagi')
  const result: ImportResult = await importerOf(deps)({
    officeCode: deps.office.code,
    file: kept.path,
    force: form.force === '1',
  })
  await removeUpload(kept)
  const said = result.state === 'applied' ? 'import.applied' : 'import.refused'
  return reply.redirect(pathFor(reply, `/imports/${result.import_id}`, { said }), 303)
}

async function rejects({ deps, params }: ConsoleRequest, reply: FastifyReply): Promise<string> {
  const row = await importOf(deps, idOf(params))
  const rows = await rejectsOf(deps, row.id, EXPORTED_REJECTS)
  const cells = rows.map(({ line, column, value, reason_id, fatal }) => [
    line,
    column,
    value,
    reason_id,
    fatal === 1 ? 'baris ditolak' : 'nilai dilewati',
  ])
  asFile(reply, { type: 'text/csv; charset=utf-8', name: `tolakan-${row.id}.csv` })
  return stringify([['Baris', 'Kolom', 'Nilai', 'Alasan', 'Akibat'], ...cells], { bom: true, escape_formulas: true })
}

function importerOf({ importFile }: ConsoleDeps): NonNullable<ConsoleDeps['importFile']> {
  if (!importFile)
    throw new AppError('unavailable', 'di sini register tidak dapat diunggah; pakai scripts/tenggat import')
  return importFile
}

/** One at a time: a file made to hurt takes the time and the memory of one. A file that cannot be read does not stay. */
async function rehearse({ deps, officer }: ConsoleRequest, kept: Kept): Promise<ImportResult> {
  const refusal = (reason: Reason) => new AppError('invalid', `${basename(kept.path)}: ${reason[officer.language]}`)
  try {
    const result = await queue.add(() =>
      importerOf(deps)({ officeCode: deps.office.code, file: kept.path, dryRun: true }),
    )
    if (result.unreadable) throw refusal({ id: result.reason_id!, en: result.reason! })
    return result
  } catch (error) {
    await removeUpload(kept)
    throw error instanceof RegisterFileError ? refusal(error.reason) : error
  }
}
