import { stringify } from 'csv-stringify/sync'
import type { FastifyReply } from 'fastify'
import { dateAt } from '../lib/civil-date.ts'
import { AppError } from '../lib/errors.ts'
import { cellText } from '../overstay/export.ts'
import { closeSettledNumbers } from '../overstay/settled-numbers.ts'
import { CORRECTED_FIELDS, type CorrectedField, correctResident, endCorrection } from '../register/corrections.ts'
import { fieldLabels } from '../register/headers.ts'
import { idOf, oneOf, optional, required, subjectOf, wholeNumber } from './asked.ts'
import { differences } from './corrections-query.ts'
import { asFile, pathFor } from './pages.ts'
import { residentFile, type Scope } from './residents-query.ts'
import type { ConsoleRequest, Route } from './route.ts'

const subject = subjectOf('resident')

export const correctionRoutes: Route[] = [
  {
    method: 'GET',
    path: '/residents/corrections.csv',
    role: 'viewer',
    audit: { action: 'corrections.export-csv' },
    handle: csv,
  },
  {
    method: 'POST',
    path: '/residents/:id/corrections',
    role: 'officer',
    audit: { action: 'correction.make', subject },
    handle: make,
  },
  {
    method: 'POST',
    path: '/residents/:id/corrections/:correction/end',
    role: 'officer',
    audit: { action: 'correction.end', subject },
    handle: end,
  },
]

async function make(request: ConsoleRequest, reply: FastifyReply): Promise<unknown> {
  const { deps, officer, form, now } = request
  const { resident } = await residentFile(scopeOf(request), idOf(request.params))
  const field = oneOf(CORRECTED_FIELDS, form.field)
  if (!field) throw new AppError('invalid', `yang dibetulkan: yang diperbolehkan: ${CORRECTED_FIELDS.join(', ')}`)
  const change = {
    vault: deps.db.vault,
    residentId: resident.id,
    field,
    value: valueIn(form, field),
    reason: required(form, 'reason', 'alasan koreksi'),
    seen: wholeNumber(form.seen) ?? null,
    by: officer.name,
    now,
  }
  await deps.db.write(async (tx) => {
    const made = await correctResident(tx, change)
    const outcome = made.value === '' ? 'no-other-number' : 'number-corrected'
    if (field !== 'language') await closeSettledNumbers(tx, { ...change, outcome })
    await request.record(tx, { action: 'resident.corrected', subject: subject(request), detail: `${field} ${made.id}` })
  })
  return reply.redirect(pathFor(reply, `/residents/${resident.id}`, { said: 'correction.made' }), 303)
}

async function end(request: ConsoleRequest, reply: FastifyReply): Promise<unknown> {
  const { deps, officer, params, now } = request
  const { resident } = await residentFile(scopeOf(request), idOf(params))
  const id = idOf(params, 'correction')
  const ending = { vault: deps.db.vault, id, residentId: resident.id, by: officer.name, now }
  await deps.db.write(async (tx) => {
    const { field } = await endCorrection(tx, ending)
    if (field !== 'language') await closeSettledNumbers(tx, { ...ending, outcome: 'number-corrected' })
    await request.record(tx, { action: 'resident.uncorrected', subject: subject(request), detail: `${field} ${id}` })
  })
  return reply.redirect(pathFor(reply, `/residents/${resident.id}`, { said: 'correction.ended' }), 303)
}

/** For the office to mend its own register by: under the headers that a register file has. */
async function csv(request: ConsoleRequest, reply: FastifyReply): Promise<string> {
  const { timeZone } = request.deps.office
  const headers = ['No. register', 'Nama', 'Kewarganegaraan', 'No. izin', 'Kolom', 'Menurut register', 'Seharusnya']
  const rows = (await differences(scopeOf(request))).map((one) => [
    one.register_no ?? '',
    one.name,
    one.nationality,
    one.permit_no ?? '',
    fieldLabels[one.field],
    one.register_value ?? '',
    one.value === '' ? 'kosongkan' : one.value,
    one.reason,
    one.made_by,
    dateAt(one.made_at, timeZone),
  ])
  asFile(reply, { type: 'text/csv; charset=utf-8', name: `koreksi-register-${request.today}.csv` })
  const cells = [[...headers, 'Alasan', 'Dibetulkan oleh', 'Tanggal'], ...rows.map((row) => row.map(cellText))]
  return stringify(cells, { bom: true, escape_formulas: true })
}

/** A form that was sent empty by mistake must not take somebody's number away: that wants its own tick. */
function valueIn(form: Record<string, string>, field: CorrectedField): string {
  const text = optional(form, 'value') ?? ''
  if (field === 'language') return text
  const none = form.none === '1'
  if (none && text !== '') {
    throw new AppError('invalid', 'tulis nomornya, atau tandai bahwa tidak ada nomor yang diketahui; jangan keduanya')
  }
  if (!none && text === '') {
    throw new AppError('invalid', 'nomor kosong: tulis nomornya, atau tandai bahwa tidak ada nomor yang diketahui')
  }
  return text
}

function scopeOf({ deps, today, officer }: ConsoleRequest): Scope {
  return { db: deps.db, office: deps.office, today, officer }
}
