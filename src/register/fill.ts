import { and, asc, eq, gt, sql } from 'drizzle-orm'
import { columnsLeftOut, permitDigest, personDigest } from './columns.ts'
import { undoCorrectedFill } from './corrections-import.ts'
import type { Field } from './headers.ts'
import { eachRange, type ImportRun, writeStep } from './run.ts'

const PAGE = 500

/**
 * A file without a column says nothing about it: the rows of known people take those values over from the register, so
 * that from here on each staging row is the whole truth, and their digests are made anew.
 */
export async function fillLeftOut(run: ImportRun, present: ReadonlySet<Field>): Promise<void> {
  const leftOut = columnsLeftOut(present)
  if (leftOut.person.length === 0 && leftOut.permit.length === 0) return
  await eachRange(run, async (tx, mine) => {
    if (leftOut.person.length > 0) {
      const columns = sql.raw(leftOut.person.map((column) => `${column} = r.${column}`).join(', '))
      await tx.run(sql`update staging set ${columns} from residents r where ${mine} and r.id = staging.resident_id`)
    }
    if (leftOut.permit.length > 0) {
      const columns = sql.raw(leftOut.permit.map(([ofPermit, staged]) => `${staged} = p.${ofPermit}`).join(', '))
      await tx.run(sql`update staging set ${columns} from permits p where ${mine} and p.id = staging.permit_id`)
    }
  })
  if (leftOut.person.some((column) => column === 'phone' || column === 'sponsor_phone')) {
    await undoCorrectedFill(run, present)
  }
  await digestAnew(run)
}

async function digestAnew(run: ImportRun): Promise<void> {
  const { staging } = run.db.t
  const { vault } = run.db
  for (let after = 0; ; ) {
    const rows = await run.db.read
      .select()
      .from(staging)
      .where(and(eq(staging.import_id, run.importId), gt(staging.resident_id, 0), gt(staging.id, after)))
      .orderBy(asc(staging.id))
      .limit(PAGE)
    if (rows.length === 0) return
    after = rows.at(-1)!.id
    const digests = rows.map((row) => sql`(${row.id}, ${personDigest(vault, row)}, ${permitDigest(vault, row)})`)
    await writeStep(run, (tx) =>
      tx.run(sql`
        update staging set resident_digest = d.column2, permit_digest = d.column3
        from (values ${sql.join(digests, sql`, `)}) as d
        where staging.id = cast(d.column1 as bigint)`),
    )
  }
}
