import { sql } from 'drizzle-orm'
import { findElsewhere, findPermitsElsewhere } from './elsewhere.ts'
import { eachRange, type ImportRun } from './run.ts'

// Written so that each row is found by the narrow index, whatever the statistics: a plus sign keeps both engines from
// walking an index in its order to find a minimum, coalesce keeps them from gathering all rows without a register number.

/**
 * Finds each staging row's resident and permit. `resident_id` becomes the known resident's id, or for people who are new
 * the negative of the lowest staging id among their rows, the same for all rows of one person.
 *
 * Same resident = same register number, else same passport number and nationality. Two people never become one by a
 * passport number alone: where the register numbers differ, it counts only if the name is the same and nobody else in the
 * file has the old register number or the same passport. Otherwise they stay two.
 */
export async function matchStaged(run: ImportRun): Promise<void> {
  await byRegisterNumber(run)
  await byPassport(run)
  await findElsewhere(run)
  await oneResidentPerRegisterNumber(run)
  await groupNewPeople(run)
  await eachRange(run, (tx, mine) =>
    tx.run(sql`
      update staging set permit_id = p.id
      from permits p
      where ${mine} and p.office_code = ${run.officeCode} and p.permit_no = staging.permit_no`),
  )
  await findPermitsElsewhere(run)
}

async function byRegisterNumber(run: ImportRun): Promise<void> {
  await eachRange(run, (tx, mine) =>
    tx.run(sql`
      update staging set resident_id = r.id
      from residents r
      where ${mine} and r.office_code = ${run.officeCode} and r.register_no = staging.register_no`),
  )
}

async function byPassport(run: ImportRun): Promise<void> {
  await eachRange(run, (tx, mine) =>
    tx.run(sql`
      update staging set resident_id = (
        select r.id from residents r
        where r.passport_index = staging.passport_index and r.nationality = staging.nationality
          and r.office_code = ${run.officeCode}
          and (staging.register_no is null or (
            (r.register_no is null or r.full_name = staging.full_name)
            and not exists (
              select 1 from staging o where o.import_id = ${run.importId} and o.register_no = r.register_no)))
        order by case when r.full_name = staging.full_name then 0 else 1 end, r.id
        limit 1)
      where ${mine} and resident_id is null and exists (
          select 1 from residents r
          where r.passport_index = staging.passport_index and r.nationality = staging.nationality)
        and (register_no is null or not exists (
          select 1 from staging o
          where o.import_id = ${run.importId} and o.passport_index = staging.passport_index
            and o.nationality = staging.nationality and o.register_no <> staging.register_no))`),
  )
}

async function oneResidentPerRegisterNumber(run: ImportRun): Promise<void> {
  await eachRange(run, (tx, mine) =>
    tx.run(sql`
      update staging set resident_id = (
        select min(+o.resident_id) from staging o
        where o.import_id = ${run.importId} and o.register_no = staging.register_no)
      where ${mine} and register_no is not null and exists (
        select 1 from staging o
        where o.import_id = ${run.importId} and o.register_no = staging.register_no and o.id <> staging.id)`),
  )
}

async function groupNewPeople(run: ImportRun): Promise<void> {
  await eachRange(run, (tx, mine) =>
    tx.run(sql`
      update staging set resident_id = -(
        select min(+o.id) from staging o
        where o.import_id = ${run.importId} and o.register_no = staging.register_no)
      where ${mine} and resident_id is null and register_no is not null`),
  )
  // Rows without a register number join the one who has this passport elsewhere in the file, and only then each other.
  await eachRange(run, (tx, mine) =>
    tx.run(sql`
      update staging set resident_id = coalesce(
        (select max(+o.resident_id) from staging o
          where o.import_id = ${run.importId} and o.passport_index = staging.passport_index
            and o.nationality = staging.nationality and coalesce(o.register_no, '') <> ''),
        -(select min(+o.id) from staging o
          where o.import_id = ${run.importId} and o.passport_index = staging.passport_index
            and o.nationality = staging.nationality and coalesce(o.register_no, '') = ''))
      where ${mine} and resident_id is null`),
  )
}
