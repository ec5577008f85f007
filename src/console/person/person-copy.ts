import { pdfOf } from '../pdf/pdf.ts'
import { proofRecord } from '../proof/record.ts'
import type { Saying } from '../proof/saying.ts'
import { type PersonMaking, personContent } from './content.ts'
import { type PersonRecord, type PersonScope, personRecord } from './record.ts'

export type CopyScope = PersonScope & { audioDir: string }

/** What a person may ask for, as JSON. @throws AppError `not-found`, also for who is not of the officer's area. */
export async function personJson(scope: PersonScope, residentId: number): Promise<string> {
  return `${JSON.stringify(await personRecord(scope, residentId), null, 2)}\n`
}

/** The same on paper. @throws as `personJson` */
export async function personPdf(
  scope: CopyScope,
  residentId: number,
  making: (record: PersonRecord) => PersonMaking & { saying: Saying },
): Promise<Buffer> {
  const record = await personRecord(scope, residentId)
  const proofs = []
  for (const { id } of record.permits) proofs.push(await proofRecord(scope, id))
  return pdfOf(personContent(record, { ...making(record), proofs }))
}
