import { sql } from 'drizzle-orm'
import { idsIn } from '../db/dialect.ts'
import type { Tx } from '../db/open.ts'
import { eachRange, type ImportRun, writeStep } from './run.ts'

/**
 * Gives rows whose person nobody here is the resident of another office. The same person is whoever has the register number, name
 * and nationality; else the passport and nationality, by the rule of `matchStaged`; else the permit that came in here once and
 * went along when the person was transferred.
 */
export async function findElsewhere(run: ImportRun): Promise<void> {
  if (run.elsewhere.length === 0) return
  const { importId, officeCode } = run
  const elsewhere = codes(run)
  await eachRange(run, (tx, mine) =>
    tx.run(sql`
      update staging set resident_id = coalesce(
        (select min(r.id) from residents r
          where r.office_code in (${elsewhere}) and r.register_no = staging.register_no
            and r.full_name = staging.full_name and r.nationality = staging.nationality),
        (select r.id from residents r
          where r.passport_index = staging.passport_index and r.nationality = staging.nationality
            and r.office_code || '' in (${elsewhere}) and r.erased_at is null
            and (staging.register_no is null or r.register_no is null or r.full_name = staging.full_name)
            and (staging.register_no is null or not exists (
              select 1 from staging o
              where o.import_id = ${importId} and o.passport_index = staging.passport_index
                and o.nationality = staging.nationality and o.register_no <> staging.register_no))
          order by case when r.full_name = staging.full_name then 0 else 1 end, r.id
          limit 1),
        (select min(p.resident_id) from permits p
          where p.permit_no = staging.permit_no and p.office_code in (${elsewhere})
            and (p.came_from = ${officeCode} or exists (
              select 1 from transfers t where t.resident_id = p.resident_id and t.from_office = ${officeCode}))
            and not exists (
              select 1 from permits q where q.office_code = ${officeCode} and q.permit_no = staging.permit_no)))
      where ${mine} and resident_id is null`),
  )
}

/** The permit of somebody who comes from elsewhere is the same one, wherever it came in. */
export async function findPermitsElsewhere(run: ImportRun): Promise<void> {
  if (run.elsewhere.length === 0) return
  await eachRange(run, (tx, mine) =>
    tx.run(sql`
      update staging set permit_id = (
        select p.id from permits p where p.resident_id = staging.resident_id and p.permit_no = staging.permit_no)
      where ${mine} and permit_id is null and resident_id > 0`),
  )
}

/**
 * A person belongs to the office whose register has the newest permit. Rows of somebody of another office that hold no newer
 * one than is known are put aside with their reason: the other office's register counts. Returns how many people come here.
 */
export async function setAsideElsewhere(run: ImportRun): Promise<number> {
  if (run.elsewhere.length === 0) return 0
  return writeStep(run, async (tx) => {
    await setAside(tx, run)
    const [row] = await tx.all<{ n: unknown }>(
      sql`select count(distinct t.resident_id) as n from (${theirsIn(run, tx)}) t`,
    )
    return Number(row?.n ?? 0)
  })
}

/**
 * Looks once more at these people before they come, for an officer or another office's import may have been first. Returns
 * those of them who are still to be changed.
 */
export async function stillComing(tx: Tx, run: ImportRun, residentIds: number[]): Promise<number[]> {
  if (run.elsewhere.length === 0 || residentIds.length === 0) return residentIds
  const staying = new Set(await setAside(tx, run, residentIds))
  return residentIds.filter((id) => !staying.has(id))
}

/** Returns whose rows they were. */
async function setAside(tx: Tx, run: ImportRun, among?: number[]): Promise<number[]> {
  const { importId } = run
  const theirs = theirsIn(run, tx, among)
  const [any] = await tx.all(sql`${theirs} limit 1`)
  if (!any) return []
  // By the rule of current.ts, as far as two permits tell; a row that says what is known already brings nobody.
  const newer = sql`
    select s.resident_id from staging s
    left join permits c on c.resident_id = s.resident_id and c.is_current = 1
    left join permits p on p.resident_id = s.resident_id and p.permit_no = s.permit_no
    where s.import_id = ${importId} and s.resident_id in (${theirs}) and (c.id is null or (
      s.expires_on <> c.expires_on and (p.id is null or s.expires_on > p.expires_on)
      and case when s.issued_on <> c.issued_on then s.issued_on > c.issued_on else s.expires_on > c.expires_on end))`
  const hindered = sql`
    select m.resident_id from permits m join permits o
      on o.office_code = ${run.officeCode} and o.permit_no = m.permit_no and o.resident_id <> m.resident_id
    where m.resident_id in (${theirs})
    union
    select m.resident_id from permits m
    where m.resident_id in (${newer}) and m.permit_no in (
      select o.permit_no from permits o where o.resident_id in (${newer})
      group by o.permit_no having count(distinct o.resident_id) > 1)`
  const stays = sql`import_id = ${importId} and resident_id in (${theirs})
    and (resident_id not in (${newer}) or resident_id in (${hindered}))`
  const staying = await tx.all<{ id: unknown }>(sql`select distinct resident_id as id from staging where ${stays}`)
  if (staying.length === 0) return []
  await tx.run(sql`
    insert into rejects (import_id, line, "column", value, reason, reason_id, fatal)
    select ${importId}, s.line, '', '',
      case when s.resident_id in (${newer})
        then 'belongs to office ' || r.office_code || '; somebody else has the number of one of the permits: an officer must look into it'
        else 'belongs to office ' || r.office_code || ' and has no newer permit here; a newer one, or a transfer by an officer, brings the person here' end,
      case when s.resident_id in (${newer})
        then 'tercatat di kantor ' || r.office_code || '; nomor salah satu izinnya juga milik orang lain: petugas perlu memeriksanya'
        else 'tercatat di kantor ' || r.office_code || ' dan izinnya di sini tidak lebih baru; izin yang lebih baru, atau pemindahan oleh petugas, membawanya ke sini' end,
      1
    from staging s join residents r on r.id = s.resident_id
    where s.id in (select id from staging where ${stays})`)
  await tx.run(sql`delete from staging where id in (select id from staging where ${stays})`)
  return staying.map(({ id }) => Number(id))
}

/** The people of other offices whom the file names, each as often as it does. */
function theirsIn({ importId, officeCode }: ImportRun, { engine }: Tx, among?: number[]) {
  return sql`
    select s.resident_id from staging s join residents r on r.id = s.resident_id
    where s.import_id = ${importId} and s.resident_id > 0 and r.office_code <> ${officeCode}
      ${among ? sql`and s.resident_id in ${idsIn(engine, among)}` : sql``}`
}

function codes({ elsewhere }: ImportRun) {
  return sql.join(
    elsewhere.map((code) => sql`${code}`),
    sql`, `,
  )
}
