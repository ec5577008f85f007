import { and, desc, eq, lt, ne, sql } from 'drizzle-orm'
import { idsIn } from '../db/dialect.ts'
import type { Tx } from '../db/open.ts'
import { columnList, permitColumns, personColumns } from './columns.ts'
import { keepCorrections } from './corrections-import.ts'
import { stillComing } from './elsewhere.ts'
import { eachRange, type ImportRun, writeStep } from './run.ts'
import { settlePermits } from './settle.ts'
import { transferResidents } from './transfer.ts'

/** People per transaction. Each is brought up to date whole: person, permits, which one is current, doubts, holds. */
const PEOPLE_PER_WRITE = 5_000

/**
 * Brings everybody whose rows have a verdict other than `unchanged` into the register, in bounded transactions. Stopped
 * anywhere and begun anew with a fresh comparison, it ends in the same state. `done` is told how many people are in.
 */
export async function applyStaged(run: ImportRun, done: (people: number) => void): Promise<void> {
  let before = Number.MAX_SAFE_INTEGER
  for (let people = 0; ; ) {
    const chunk = await peopleBefore(run, before)
    if (chunk.length === 0) break
    await writeStep(run, (tx) => applyPeople(tx, run, chunk))
    before = chunk.at(-1)!
    people += chunk.length
    done(people)
  }
  await eachRange(run, async (tx, mine) => {
    await tx.run(sql`
      update residents set last_import_id = ${run.importId}
      where id in (select resident_id from staging where ${mine} and resident_id > 0)
        and coalesce(last_import_id, 0) <> ${run.importId}`)
    await tx.run(sql`
      update permits set last_import_id = ${run.importId}
      where id in (select permit_id from staging where ${mine} and permit_id is not null)
        and coalesce(last_import_id, 0) <> ${run.importId}`)
  })
}

/** Downwards: people who are new have negative keys until they are in, and then higher ones than anybody. */
async function peopleBefore(run: ImportRun, before: number): Promise<number[]> {
  const { staging } = run.db.t
  const rows = await run.db.read
    .select({ key: staging.resident_id })
    .from(staging)
    .where(and(eq(staging.import_id, run.importId), lt(staging.resident_id, before), ne(staging.verdict, 'unchanged')))
    .groupBy(staging.resident_id)
    .orderBy(desc(staging.resident_id))
    .limit(PEOPLE_PER_WRITE)
  return rows.map((row) => row.key!)
}

async function applyPeople(tx: Tx, run: ImportRun, people: number[]): Promise<void> {
  const known = await stillComing(
    tx,
    run,
    people.filter((key) => key > 0),
  )
  if (run.elsewhere.length > 0 && known.length > 0) await bringHere(tx, run, known)
  await changeResidents(tx, run, known)
  await keepCorrections(tx, run, known)
  const added = await addResidents(
    tx,
    run,
    people.filter((key) => key < 0),
  )
  const residentIds = [...known, ...added]
  const formerHolders = await putPermits(tx, run, residentIds)
  await settlePermits(tx, { residentIds: [...new Set([...residentIds, ...formerHolders])], now: run.now })
}

/** Whoever of them belongs to another office comes with everything on record, without a register number that somebody here has. */
async function bringHere(tx: Tx, run: ImportRun, residentIds: number[]): Promise<void> {
  const { importId, officeCode, now } = run
  const came = await transferResidents(tx, { residentIds, to: officeCode, by: 'import', now })
  if (came === 0) return
  await tx.run(sql`
    update staging set register_no = null
    where import_id = ${importId} and resident_id in ${idsIn(tx.engine, residentIds)} and exists (
      select 1 from residents r
      where r.office_code = ${officeCode} and r.register_no = staging.register_no and r.id <> staging.resident_id)`)
}

/** An emptied register or passport number stays known: it is how the person is found again. */
async function changeResidents(tx: Tx, run: ImportRun, residentIds: number[]): Promise<void> {
  if (residentIds.length === 0) return
  const kept = new Set(['register_no', 'passport_no', 'passport_index'])
  const columns = personColumns.map((name) =>
    sql.raw(kept.has(name) ? `${name} = coalesce(s.${name}, residents.${name})` : `${name} = s.${name}`),
  )
  await tx.run(sql`
    update residents set ${sql.join(columns, sql`, `)}, register_digest = s.resident_digest, updated_at = ${run.now}
    from staging s
    where s.import_id = ${run.importId} and s.resident_id in ${idsIn(tx.engine, residentIds)} and s.resident_id = residents.id
      and s.resident_digest <> '' and s.resident_digest <> residents.register_digest`)
}

/** Adds these people and gives their staging rows the ids that they have now; returns those. */
async function addResidents(tx: Tx, run: ImportRun, people: number[]): Promise<number[]> {
  if (people.length === 0) return []
  const { importId, officeCode, now } = run
  const added = await tx.all<{ id: unknown }>(sql`
    insert into residents (office_code, ${columnList(personColumns)},
      register_digest, first_import_id, last_import_id, created_at, updated_at)
    select ${officeCode}, ${columnList(personColumns, 's')},
      s.resident_digest, ${importId}, ${importId}, ${now}, ${now}
    from staging s
    where s.import_id = ${importId} and s.resident_id in ${idsIn(tx.engine, people)} and s.resident_digest <> ''
    order by s.resident_id desc
    returning id`)
  await tx.run(sql`
    update staging set resident_id = coalesce(
      (select r.id from residents r where r.office_code = ${officeCode} and r.register_no = staging.register_no),
      (select max(r.id) from residents r
        where r.passport_index = staging.passport_index and r.nationality = staging.nationality
          and r.office_code = ${officeCode} and r.first_import_id = ${importId} and coalesce(r.register_no, '') = ''))
    where import_id = ${importId} and resident_id in ${idsIn(tx.engine, people)}`)
  const residentIds = added.map((row) => Number(row.id))
  await doubtNamesakes(tx, run, residentIds)
  return residentIds
}

/** Perhaps one person under two passports: an officer decides, nothing is merged. */
async function doubtNamesakes(tx: Tx, run: ImportRun, residentIds: number[]): Promise<void> {
  const namesake = sql`
    from residents o
    where o.full_name = residents.full_name and o.birth_date = residents.birth_date
      and o.nationality = residents.nationality and o.office_code = ${run.officeCode} and o.id < residents.id`
  await tx.run(sql`
    update residents set identity_doubt = 'same-person:' || (select min(o.id) ${namesake})
    where id in ${idsIn(tx.engine, residentIds)} and exists (select 1 ${namesake})`)
}

/** Returns the residents who lost a permit to somebody else. */
async function putPermits(tx: Tx, run: ImportRun, residentIds: number[]): Promise<number[]> {
  const { importId, officeCode, now, today } = run
  const theirs = sql`s.import_id = ${importId} and s.resident_id in ${idsIn(tx.engine, residentIds)}`
  const moved = await tx.all<{ resident_id: unknown }>(sql`
    select p.resident_id from staging s join permits p on p.id = s.permit_id
    where ${theirs} and p.resident_id <> s.resident_id`)
  const columns = permitColumns.map(([column, staged]) => sql.raw(`${column} = s.${staged}`))
  await tx.run(sql`
    update permits set ${sql.join(columns, sql`, `)}, resident_id = s.resident_id, register_digest = s.permit_digest,
      known_since = case when permits.expires_on = s.expires_on then permits.known_since else ${today} end,
      updated_at = ${now}
    from staging s
    where ${theirs} and s.permit_id = permits.id
      and (permits.register_digest <> s.permit_digest or permits.resident_id <> s.resident_id)`)
  // Spares nearly everybody who is new a second write of each index that holds it; the rule itself is in settle.ts.
  const isFirst = sql`case when exists (select 1 from permits p where p.resident_id = s.resident_id) then 0 else 1 end`
  await tx.run(sql`
    insert into permits (resident_id, office_code, permit_no, ${columnList(permitColumns.map(([column]) => column))},
      is_current, register_digest, first_import_id, last_import_id, known_since, created_at, updated_at)
    select s.resident_id, ${officeCode}, s.permit_no, ${columnList(
      permitColumns.map(([, staged]) => staged),
      's',
    )},
      ${isFirst}, s.permit_digest, ${importId}, ${importId}, ${today}, ${now}, ${now}
    from staging s
    where ${theirs} and s.permit_id is null
    order by s.id`)
  return moved.map((row) => Number(row.resident_id))
}
