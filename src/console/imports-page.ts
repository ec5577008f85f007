import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { stringify } from 'csv-stringify/sync'
import type { FastifyReply } from 'fastify'
import { AppError } from '../lib/errors.ts'
import type { ImportResult } from '../register/import.ts'
import { idOf, wholeNumber } from './asked.ts'
import type { ConsoleDeps } from './deps.ts'
import { importOf, importPage, rejectsOf } from './imports-query.ts'
import { pathFor, render, wordsFor } from './pages.ts'
import type { ConsoleRequest, Route } from './route.ts'
import { sayings } from './say.ts'

const LARGEST_FILE = 25 * 1024 * 1024
const SHOWN_REJECTS = 200
const KEPT_MS = 60 * 60_000

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
  const { deps, officer, files, now } = request
  const file = files.file
  if (!file || file.bytes.byteLength === 0) throw new AppError('invalid', 'pilih satu berkas CSV atau XLSX')
  await forgetOld(deps, now)
  const token = randomBytes(16).toString('hex')
  const path = join(shelfOf(deps), token, fileName(file.name))
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writeFile(path, file.bytes, { mode: 0o600 })
  const rehearsal = await importerOf(deps)({ file: path, dryRun: true })
  return render(reply, officer, 'import', {
    title: wordsFor(reply, officer)('imports.preview', { file: basename(path) }),
    styles: ['lists.css'],
    ...sayings(request, reply),
    row: null,
    rejects: rehearsal.rejects.slice(0, SHOWN_REJECTS).map((reject) => ({ ...reject, fatal: 1 })),
    most: SHOWN_REJECTS,
    rehearsal,
    token,
  })
}

async function apply({ deps, form }: ConsoleRequest, reply: FastifyReply): Promise<unknown> {
  const token = form.token ?? ''
  if (!/^[0-9a-f]{32}$/.test(token)) throw new AppError('invalid', 'unggahan ini tidak dikenal: unggah berkasnya lagi')
  const folder = join(shelfOf(deps), token)
  const [name] = await filesIn(folder)
  if (name === undefined)
    throw new AppError('not-found', 'unggahan ini sudah dipakai atau terlalu lama: unggah berkasnya lagi')
  const result: ImportResult = await importerOf(deps)({ file: join(folder, name), force: form.force === '1' })
  await rm(folder, { recursive: true })
  const said = result.state === 'applied' ? 'import.applied' : 'import.refused'
  return reply.redirect(pathFor(reply, `/imports/${result.import_id}`, { said }), 303)
}

async function rejects({ deps, params }: ConsoleRequest, reply: FastifyReply): Promise<string> {
  const row = await importOf(deps, idOf(params))
  const rows = await rejectsOf(deps, row.id, Number.MAX_SAFE_INTEGER)
  const cells = rows.map(({ line, column, value, reason_id, fatal }) => [
    line,
    column,
    value,
    reason_id,
    fatal === 1 ? 'baris ditolak' : 'nilai dilewati',
  ])
  reply.type('text/csv; charset=utf-8').header('content-disposition', `attachment; filename="tolakan-${row.id}.csv"`)
  return stringify([['Baris', 'Kolom', 'Nilai', 'Alasan', 'Akibat'], ...cells], { bom: true, escape_formulas: true })
}

function importerOf({ importFile }: ConsoleDeps): NonNullable<ConsoleDeps['importFile']> {
  if (!importFile)
    throw new AppError('unavailable', 'di sini register tidak dapat diunggah; pakai scripts/tenggat import')
  return importFile
}

/** Uploaded and not yet applied; beside the voice notes, for only the data folder is sure to be private. */
function shelfOf({ audioDir }: ConsoleDeps): string {
  return join(dirname(audioDir), 'uploads')
}

function fileName(given: string): string {
  const name = basename(given.replaceAll('\\', '/')).replace(/[^\p{L}\p{N} ._()-]/gu, '_')
  return name.replace(/^\.+/, '').slice(-100) || 'register.csv'
}

async function forgetOld(deps: ConsoleDeps, now: number): Promise<void> {
  for (const name of await filesIn(shelfOf(deps))) {
    const path = join(shelfOf(deps), name)
    const { mtimeMs } = await stat(path)
    if (now - mtimeMs > KEPT_MS) await rm(path, { recursive: true, force: true })
  }
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
