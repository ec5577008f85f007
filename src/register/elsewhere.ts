import { sql } from 'drizzle-orm'
import { eachRange, type ImportRun, writeStep } from './run.ts'

/**
 * Gives rows whose person nobody here is the resident of another office: by passport and nationality, else by the permit
 * that came in here once and went along when the person was transferred.
 */
export async function findElsewhere(run: ImportRun): Promise<void> {
  if (run.elsewhere.length === 0) return
  const elsewhere = codes(run)
  await eachRange(run, (tx, mine) =>
    tx.run(sql`
      update staging set resident_id = coalesce(
        (select min(r.id) from residents r
          where r.passport_index = staging.passport_index and r.nationality = staging.nationality
            and r.office_code || '' in (${elsewhere}) and r.erased_at is null),
        (select min(p.resident_id) from permits p
          where p.permit_no = staging.permit_no and p.office_code in (${elsewhere}) and p.came_from = ${run.officeCode}))
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
  const { importId } = run
  const theirs = sql`
    select s.resident_id from staging s join residents r on r.id = s.resident_id
    where s.import_id = ${importId} and s.resident_id > 0 and r.office_code <> ${run.officeCode}`
  const coming = sql`
    select s.resident_id from staging s join permits c on c.resident_id = s.resident_id and c.is_current = 1
    where s.import_id = ${importId} and s.resident_id in (${theirs})
      and (s.expires_on > c.expires_on or (s.issued_on > c.issued_on and s.expires_on <> c.expires_on))`
  const hindered = sql`
    select m.resident_id from permits m join permits o
      on o.office_code = ${run.officeCode} and o.permit_no = m.permit_no and o.resident_id <> m.resident_id
    where m.resident_id in (${theirs})`
  return writeStep(run, async (tx) => {
    const stays = sql`import_id = ${importId} and resident_id in (${theirs})
      and (resident_id not in (${coming}) or resident_id in (${hindered}))`
    await tx.run(sql`
      insert into rejects (import_id, line, "column", value, reason, reason_id, fatal)
      select ${importId}, s.line, '', '',
        'belongs to office ' || r.office_code || ' and has no newer permit here; a newer one, or a transfer by an officer, brings the person here',
        'tercatat di kantor ' || r.office_code || ' dan izinnya di sini tidak lebih baru; izin yang lebih baru, atau pemindahan oleh petugas, membawanya ke sini',
        1
      from staging s join residents r on r.id = s.resident_id
      where s.id in (select id from staging where ${stays})`)
    await tx.run(sql`delete from staging where id in (select id from staging where ${stays})`)
    const [row] = await tx.all<{ n: unknown }>(sql`select count(distinct t.resident_id) as n from (${theirs}) t`)
    return Number(row?.n ?? 0)
  })
}

function codes({ elsewhere }: ImportRun) {
  return sql.join(
    elsewhere.map((code) => sql`${code}`),
    sql`, `,
  )
}
