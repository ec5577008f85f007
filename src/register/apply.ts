import { and, asc, eq, gt, inArray, ne, sql } from 'drizzle-orm'
import type { Tx } from '../db/open.ts'
import { columnList, idList, idPairs, permitColumns, personColumns } from './columns.ts'
import { eachRange, type ImportRun, writeStep } from './run.ts'
import { settlePermits } from './settle.ts'

/** People per transaction. Each is brought up to date whole: person, permits, which one is current, doubts, holds. */
const PEOPLE_PER_WRITE = 1000

/**
 * Brings everybody whose rows have a verdict other than `unchanged` into the register, in bounded transactions. Stopped
 * anywhere and begun anew with a fresh comparison, it ends in the same state. `done` is told how many people are in.
 */
export async function applyStaged(run: ImportRun, done: (people: number) => void): Promise<void> {
  let after = Number.MIN_SAFE_INTEGER
  for (let people = 0; ; ) {
    const chunk = await peopleAfter(run, after)
    if (chunk.length === 0) break
    await writeStep(run, (tx) => applyPeople(tx, run, chunk))
    after = chunk.at(-1)!
    people += chunk.length
    done(people)
  }
  await eachRange(run, async (tx, mine) => {
    await tx.run(sql`
      update residents set last_import_id = ${run.importId}
      where id in (select resident_id from staging where ${mine} and resident_id > 0)`)
    await tx.run(sql`
      update permits set last_import_id = ${run.importId}
      where id in (select permit_id from staging where ${mine} and permit_id is not null)`)
  })
}

async function peopleAfter(run: ImportRun, after: number): Promise<number[]> {
  const { staging } = run.db.t
  const rows = await run.db.read
    .selectDistinct({ key: staging.resident_id })
    .from(staging)
    .where(and(eq(staging.import_id, run.importId), gt(staging.resident_id, after), ne(staging.verdict, 'unchanged')))
    .orderBy(asc(staging.resident_id))
    .limit(PEOPLE_PER_WRITE)
  return rows.map((row) => row.key!)
}

/** `people` are the values of `staging.resident_id`: known residents, and negative ones for people who are new. */
async function applyPeople(tx: Tx, run: ImportRun, people: number[]): Promise<void> {
  const added = await addResidents(tx, run, people.filter((key) => key < 0))
  await changeResidents(tx, run, people.filter((key) => key > 0))
  const residentOf = new Map(people.map((key) => [key, added.get(key) ?? key]))
  const formerHolders = await putPermits(tx, run, residentOf)
  await settlePermits(tx, { residentIds: [...new Set([...residentOf.values(), ...formerHolders])], now: run.now })
}

async function addResidents(tx: Tx, run: ImportRun, people: number[]): Promise<Map<number, number>> {
  if (people.length === 0) return new Map()
  const { importId, officeCode, now } = run
  const { staging } = tx.t
  const added = await tx.all<{ id: unknown } & PersonKey>(sql`
    insert into residents (office_code, ${columnList(personColumns)},
      register_digest, first_import_id, last_import_id, created_at, updated_at)
    select ${officeCode}, ${columnList(personColumns, 's')},
      s.resident_digest, ${importId}, ${importId}, ${now}, ${now}
    from staging s
    where s.import_id = ${importId} and s.resident_id in (${idList(people)}) and s.resident_digest <> ''
    order by s.resident_id
    returning id, register_no, passport_index, nationality`)
  const idByKey = new Map(added.map((row) => [keyOf(row), Number(row.id)]))
  const spokesmen = await tx
    .select({
      person: staging.resident_id,
      register_no: staging.register_no,
      passport_index: staging.passport_index,
      nationality: staging.nationality,
    })
    .from(staging)
    .where(and(eq(staging.import_id, importId), inArray(staging.resident_id, people), ne(staging.resident_digest, '')))
  const residentOf = new Map(spokesmen.map((row) => [row.person!, idByKey.get(keyOf(row))!]))
  await doubtNamesakes(tx, run, [...residentOf.values()])
  return residentOf
}

type PersonKey = { register_no: string | null; passport_index: string | null; nationality: string }

function keyOf({ register_no, passport_index, nationality }: PersonKey): string {
  return register_no === null ? `passport ${passport_index} ${nationality}` : `register ${register_no}`
}

/** Perhaps one person under two passports: an officer decides, nothing is merged. */
async function doubtNamesakes(tx: Tx, run: ImportRun, residentIds: number[]): Promise<void> {
  const namesake = sql`
    from residents o
    where o.full_name = residents.full_name and o.birth_date = residents.birth_date
      and o.nationality = residents.nationality and o.office_code = ${run.officeCode} and o.id < residents.id`
  await tx.run(sql`
    update residents set identity_doubt = 'same-person:' || (select min(o.id) ${namesake})
    where id in (${idList(residentIds)}) and exists (select 1 ${namesake})`)
}

/** An emptied register or passport number stays known: it is how the person is found again. */
async function changeResidents(tx: Tx, run: ImportRun, people: number[]): Promise<void> {
  if (people.length === 0) return
  const kept = new Set(['register_no', 'passport_no', 'passport_index'])
  const columns = personColumns.map((name) =>
    sql.raw(kept.has(name) ? `${name} = coalesce(s.${name}, residents.${name})` : `${name} = s.${name}`),
  )
  await tx.run(sql`
    update residents set ${sql.join(columns, sql`, `)}, register_digest = s.resident_digest, updated_at = ${run.now}
    from staging s
    where s.import_id = ${run.importId} and s.resident_id in (${idList(people)}) and s.resident_id = residents.id
      and s.resident_digest <> '' and s.resident_digest <> residents.register_digest`)
}

/** Returns the residents who lost a permit to somebody else. */
async function putPermits(tx: Tx, run: ImportRun, residentOf: Map<number, number>): Promise<number[]> {
  const { importId, officeCode, now, today } = run
  const people = sql`(values ${idPairs(residentOf)}) as holder`
  const moved = await tx.all<{ resident_id: unknown }>(sql`
    select p.resident_id from permits p
    join staging s on s.permit_id = p.id
    join ${people} on holder.column1 = s.resident_id
    where s.import_id = ${importId} and p.resident_id <> holder.column2`)
  const columns = permitColumns.map(([column, staged]) => sql.raw(`${column} = s.${staged}`))
  await tx.run(sql`
    update permits set ${sql.join(columns, sql`, `)}, resident_id = holder.column2, register_digest = s.permit_digest,
      known_since = case when permits.expires_on = s.expires_on then permits.known_since else ${today} end,
      updated_at = ${now}
    from staging s join ${people} on holder.column1 = s.resident_id
    where s.import_id = ${importId} and s.permit_id = permits.id
      and (permits.register_digest <> s.permit_digest or permits.resident_id <> holder.column2)`)
  await tx.run(sql`
    insert into permits (resident_id, office_code, permit_no, ${columnList(permitColumns.map(([column]) => column))},
      register_digest, first_import_id, last_import_id, known_since, created_at, updated_at)
    select holder.column2, ${officeCode}, s.permit_no, ${columnList(permitColumns.map(([, staged]) => staged), 's')},
      s.permit_digest, ${importId}, ${importId}, ${today}, ${now}, ${now}
    from staging s join ${people} on holder.column1 = s.resident_id
    where s.import_id = ${importId} and s.permit_id is null
    order by s.id`)
  return moved.map((row) => Number(row.resident_id))
}
