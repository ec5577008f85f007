import { and, asc, count, countDistinct, eq, gt, gte, isNull, notInArray, type SQL, sql } from 'drizzle-orm'
import { refreshStatistics } from '../db/dialect.ts'
import { remarkCorrected } from './corrections-import.ts'
import { setAsideElsewhere } from './elsewhere.ts'
import { fillLeftOut } from './fill.ts'
import type { Field } from './headers.ts'
import { matchStaged } from './match.ts'
import { eachRange, type ImportRun, writeStep } from './run.ts'

export type Verdict = 'added' | 'changed' | 'renewed' | 'unchanged'

export type Comparison = {
  /** Rows of the file by verdict. */
  verdicts: Record<Verdict, number>
  /** Rows whose personal data was not used, because a newer permit of the same person has other; and `differs`. */
  remarks: number
  /** Values that an officer's correction stands against. */
  differs: number
  /** Residents who come from another office with all that is on record. */
  transferred: number
  /** Known residents who are not in the file; the first thousand by id. */
  absent: number
  absentList: number[]
  /** Residents whose permit still runs, and of those the changed and the ones left out. */
  running: number
  changed: number
  leftOut: number
}

export const LISTED = 1000

/** Gives each staging row its resident, permit and verdict. `present` are the fields that the file has a column for. */
export async function compareStaged(run: ImportRun, present: ReadonlySet<Field>): Promise<Comparison> {
  await writeStep(run, (tx) => refreshStatistics(tx, 'staging'))
  await matchStaged(run)
  await writeStep(run, (tx) => refreshStatistics(tx, 'staging'))
  const transferred = await setAsideElsewhere(run)
  await fillLeftOut(run, present)
  const remarks = await chooseSpokesmen(run)
  const differs = await remarkCorrected(run, present)
  await giveVerdicts(run)
  return { ...(await summary(run)), transferred, remarks: remarks + differs, differs }
}

/**
 * Of several permits of one person in the file, the row of the current one speaks for the person (the rule is that of
 * current.ts). The others are marked by an empty `resident_digest`; where they say something else, a remark names both lines.
 */
async function chooseSpokesmen(run: ImportRun): Promise<number> {
  const { importId } = run
  return writeStep(run, async (tx) => {
    await tx.run(sql`
      update staging set register_no = known.register_no
      from (
        select resident_id, max(register_no || '') as register_no from staging
        where import_id = ${importId} and resident_id in (${withSeveral(importId)})
        group by resident_id) known
      where staging.import_id = ${importId} and staging.register_no is null
        and staging.resident_id = known.resident_id and known.register_no is not null`)
    const contradicting = sql`
      from (${ranked(importId)}) f
      join (${ranked(importId)}) s on s.resident_id = f.resident_id and s.place = 1
      where f.place > 1 and f.resident_digest <> s.resident_digest`
    await tx.run(sql`
      insert into rejects (import_id, line, "column", value, reason, reason_id, fatal)
      select ${importId}, f.line, '', '',
        'has other personal data than line ' || s.line || ', the same person''s current permit; line ' || s.line || ' counts',
        'data pribadinya berbeda dari baris ' || s.line || ', izin terbaru orang yang sama; baris ' || s.line || ' yang dipakai',
        0
      ${contradicting}`)
    const [told] = await tx.all<{ n: unknown }>(sql`select count(*) as n ${contradicting}`)
    await tx.run(sql`
      update staging set resident_digest = ''
      where id in (select r.id from (${ranked(importId)}) r where r.place > 1)`)
    return Number(told?.n ?? 0)
  })
}

/** The rows of everybody who has several, best first. */
function ranked(importId: number): SQL {
  return sql`
    select id, line, resident_id, resident_digest, row_number() over (
      partition by resident_id
      order by case when dated_rows = all_rows then issued_on else expires_on end desc, expires_on desc, permit_no desc
    ) as place
    from (
      select id, line, resident_id, resident_digest, permit_no, issued_on, expires_on,
        count(issued_on) over (partition by resident_id) as dated_rows,
        count(*) over (partition by resident_id) as all_rows
      from staging where import_id = ${importId} and resident_id in (${withSeveral(importId)})
    ) counted`
}

/** By a walk along an index alone; of a large file they are few. */
function withSeveral(importId: number): SQL {
  return sql`select resident_id from staging where import_id = ${importId} group by resident_id having count(*) > 1`
}

/** People who are new are `added` since they were staged. */
async function giveVerdicts(run: ImportRun): Promise<void> {
  await eachRange(run, (tx, mine) =>
    tx.run(sql`
      update staging set verdict = case
        when permit_id is null then
          case when expires_on > (
            select max(p.expires_on) from permits p where p.resident_id = staging.resident_id and p.is_current = 1
          ) then 'renewed' else 'added' end
        when expires_on > (select p.expires_on from permits p where p.id = staging.permit_id) then 'renewed'
        when exists (
          select 1 from permits p where p.id = staging.permit_id
            and (p.register_digest <> staging.permit_digest or p.resident_id <> staging.resident_id)) then 'changed'
        when resident_digest <> '' and exists (
          select 1 from residents r
          where r.id = staging.resident_id and r.register_digest <> staging.resident_digest) then 'changed'
        else 'unchanged' end
      where ${mine} and resident_id > 0`),
  )
}

async function summary(run: ImportRun): Promise<Omit<Comparison, 'remarks' | 'differs' | 'transferred'>> {
  const { read } = run.db
  const { staging, permits, residents } = read.t
  const verdicts = { added: 0, changed: 0, renewed: 0, unchanged: 0 }
  const rows = await read
    .select({ verdict: staging.verdict, n: count() })
    .from(staging)
    .where(eq(staging.import_id, run.importId))
    .groupBy(staging.verdict)
  for (const { verdict, n } of rows) if (verdict && verdict in verdicts) verdicts[verdict as Verdict] = n

  const inFile = read
    .select({ id: staging.resident_id })
    .from(staging)
    .where(and(eq(staging.import_id, run.importId), gt(staging.resident_id, 0)))
  const isAbsent = and(
    eq(residents.office_code, run.officeCode),
    isNull(residents.erased_at),
    notInArray(residents.id, inFile),
  )
  const absent = await read.$count(residents, isAbsent)
  const listed = await read
    .select({ id: residents.id })
    .from(residents)
    .where(isAbsent)
    .orderBy(asc(residents.id))
    .limit(LISTED)

  const isRunning = and(
    eq(permits.office_code, run.officeCode),
    eq(permits.is_current, 1),
    gte(permits.expires_on, run.today),
  )
  const [changed] = await read
    .select({ n: countDistinct(staging.resident_id) })
    .from(staging)
    // The plus sign makes SQLite look up each person's permits and not, for each person, all that run.
    .innerJoin(permits, and(eq(permits.resident_id, staging.resident_id), sql`+${permits.is_current} = 1`))
    .where(
      and(
        eq(staging.import_id, run.importId),
        eq(staging.verdict, 'changed'),
        eq(permits.office_code, run.officeCode),
        gte(permits.expires_on, run.today),
      ),
    )
  return {
    verdicts,
    absent,
    absentList: listed.map((row) => row.id),
    running: await read.$count(permits, isRunning),
    changed: changed?.n ?? 0,
    leftOut: await read.$count(permits, and(isRunning, notInArray(permits.resident_id, inFile))),
  }
}
