import type { Tables } from '../db/schema.ts'
import type { Vault } from '../db/seal.ts'
import { permitDigest, personDigest, phoneColumns } from './columns.ts'
import { RegisterFileError, type RowFault } from './fault.ts'
import { columnsOf, type Field } from './headers.ts'
import { monthFirstError, monthFirstSign } from './month-first.ts'
import { type RegisterRow, readRow } from './parse-row.ts'
import { type ImportRun, writeStep } from './run.ts'
import type { RegisterFile } from './source.ts'

/** Sealed before the write begins: sealing is slow, and the write may run twice. */
type SealedRow = Record<Exclude<keyof Tables['staging']['$inferInsert'], Later>, string | number | null>
/** What the comparison finds out. */
type Later = 'id' | 'resident_id' | 'permit_id'
type RejectRow = Tables['rejects']['$inferInsert']

export type Staged = { rows: number; rejected: number; remarks: number; present: Set<Field> }

const ROWS_PER_WRITE = 2_000
/** What a statement can hold. */
const ROWS_PER_INSERT = 500
/** More than the foreigners of the whole country. */
const MOST_ROWS = 1_500_000
/** Each is kept with its reason: a file of nothing else would fill the disk. */
const MOST_REJECTED = 10_000

/**
 * Loads the rows of `file` into `staging` and what is wrong with them into `rejects`.
 * @throws RegisterFileError where the file as a whole turns out unreadable or month-first
 */
export async function stageFile(
  run: ImportRun,
  file: RegisterFile,
  options: { fileName: string; read: (bytes: number) => void },
): Promise<Staged> {
  const { columns } = columnsOf(file.header)
  const staged: Staged = { rows: 0, rejected: 0, remarks: 0, present: new Set(columns.keys()) }
  let rows: SealedRow[] = []
  let rejects: RejectRow[] = []
  const flush = async (): Promise<void> => {
    await writeRows(run, { rows, rejects })
    rows = []
    rejects = []
    options.read(file.bytesRead())
  }
  for await (const source of file.rows) {
    const sign = monthFirstSign(source, columns)
    if (sign) throw monthFirstError(options.fileName, sign)
    const parsed = readRow(source, columns, run.today)
    const faults = 'row' in parsed ? parsed.remarks : parsed.faults
    staged.rows += 1
    refuseExcess(options.fileName, staged)
    if ('row' in parsed) rows.push(stagingRow(run.db.vault, run.importId, source.line, parsed.row))
    else staged.rejected += 1
    staged.remarks += faults.filter((fault) => !fault.fatal).length
    for (const fault of faults) rejects.push(rejectRow(run.importId, source.line, fault))
    if (rows.length + rejects.length >= ROWS_PER_WRITE) await flush()
  }
  await flush()
  if (staged.rows === 0) {
    throw new RegisterFileError(options.fileName, {
      id: 'tidak ada satu baris pun di bawah judulnya',
      en: 'has no row below its header',
    })
  }
  return staged
}

function refuseExcess(fileName: string, { rows, rejected }: Staged): void {
  if (rows > MOST_ROWS) {
    throw new RegisterFileError(fileName, {
      id: `terlalu besar untuk sebuah register: lebih dari ${MOST_ROWS} baris`,
      en: `is too large for a register: more than ${MOST_ROWS} rows`,
    })
  }
  if (rejected > MOST_REJECTED) {
    throw new RegisterFileError(fileName, {
      id: `bukan register: lebih dari ${MOST_REJECTED} baris tidak dapat dibaca`,
      en: `is not a register: more than ${MOST_REJECTED} rows cannot be read`,
    })
  }
}

async function writeRows(run: ImportRun, chunk: { rows: SealedRow[]; rejects: RejectRow[] }): Promise<void> {
  if (chunk.rows.length + chunk.rejects.length === 0) return
  const { rejects } = run.db.t
  await writeStep(run, async (tx) => {
    await tx.insertRows('staging', chunk.rows)
    for (let from = 0; from < chunk.rejects.length; from += ROWS_PER_INSERT) {
      await tx.insert(rejects).values(chunk.rejects.slice(from, from + ROWS_PER_INSERT))
    }
  })
}

function rejectRow(importId: number, line: number, fault: RowFault): RejectRow {
  return {
    import_id: importId,
    line,
    column: fault.column ?? '',
    value: fault.value,
    reason: fault.reason.en,
    reason_id: fault.reason.id,
    fatal: fault.fatal ? 1 : 0,
  }
}

function stagingRow(vault: Vault, importId: number, line: number, row: RegisterRow): SealedRow {
  const person = {
    register_no: row.registerNo,
    full_name: row.fullName,
    nationality: row.nationality,
    passport_no: row.passportNo,
    sex: row.sex,
    birth_date: row.birthDate,
    phone: row.phone?.number ?? null,
    whatsapp_opt_in_on: row.whatsappOptInOn,
    language: row.language,
    address: row.address,
    regency: row.regency,
    district: row.district,
    purpose: row.purpose,
    sponsor_name: row.sponsorName,
    sponsor_phone: row.sponsorPhone?.number ?? null,
  }
  const permit = {
    permit_kind: row.permitKind,
    index_code: row.indexCode,
    issued_on: row.issuedOn,
    expires_on: row.expiresOn,
  }
  return {
    ...person,
    ...permit,
    import_id: importId,
    line,
    permit_no: row.permitNo,
    passport_no: sealed(vault, person.passport_no, 'residents.passport_no'),
    passport_index: row.passportNo === null ? null : vault.blind(row.passportNo, 'passport'),
    phone: sealed(vault, person.phone, 'residents.phone'),
    ...phoneColumns(vault, 'phone', row.phone),
    address: sealed(vault, row.address, 'residents.address'),
    sponsor_phone: sealed(vault, person.sponsor_phone, 'residents.sponsor_phone'),
    ...phoneColumns(vault, 'sponsor_phone', row.sponsorPhone),
    resident_digest: personDigest(vault, person),
    permit_digest: permitDigest(vault, permit),
    // Until the person turns out to be known.
    verdict: 'added',
  }
}

function sealed(vault: Vault, value: string | null, place: string): string | null {
  return value === null ? null : vault.seal(value, place)
}
