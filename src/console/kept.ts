import { eq, getColumnTable, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import type { Db, Reader } from '../db/open.ts'

/** All that answers may depend on, as it stands; null while it is on the move. */
export type Standing = {
  /** Changes whenever an import, a transfer or an erasure changed who there is, and with which permit. */
  people: string | null
  /** Changes whenever a case does, for each change is an event, and whenever the people do. */
  cases: string | null
  /** Changes whenever the scan told somebody of something, and whenever the people do. */
  notices: string | null
}

type Kept = { about: string; answer: unknown; madeAt: number }

/** So many different questions are remembered; areas and languages are few. */
const MOST = 100
/** On PostgreSQL what was given the newest number is not always the last to be committed: an answer is trusted for so long. */
const TRUSTED_MS = 5_000
const answers = new WeakMap<Db, Map<string, Kept>>()

/** The answer to `question`, made anew only when `about`, all that it depends on, is no longer the same; always when that is null. */
export async function kept<Answer>(
  db: Db,
  { question, about }: { question: string; about: string | null },
  make: () => Promise<Answer>,
): Promise<Answer> {
  if (about === null) return make()
  const known = answers.get(db) ?? new Map<string, Kept>()
  answers.set(db, known)
  const last = known.get(question)
  const now = performance.now()
  if (last?.about === about && (db.engine === 'sqlite' || now - last.madeAt < TRUSTED_MS)) return last.answer as Answer
  const answer = await make()
  if (known.size >= MOST) known.clear()
  known.set(question, { about, answer, madeAt: now })
  return answer
}

/** To be asked before the answers are made: what changes meanwhile is then seen by the next who asks. */
export async function standingOf({ read, t }: Db): Promise<Standing> {
  const { imports, erasures, transfers, case_events, notices } = t
  const inState = (state: 'staging' | 'staged') =>
    sql`(select count(*) from ${imports} where ${eq(imports.state, state)})`
  const [newestImport, erasure, transfer, event, notice, staging, staged] = await numbersOf(read, [
    newest(imports.id),
    newest(erasures.id),
    newest(transfers.id),
    newest(case_events.id),
    newest(notices.id),
    inState('staging'),
    inState('staged'),
  ])
  // The people of a staged import come in by and by, in many transactions.
  if (staged !== 0) return { people: null, cases: null, notices: null }
  const people = [staging, newestImport, erasure, transfer].join(' ')
  return { people, cases: `${event} ${people}`, notices: `${notice} ${people}` }
}

/** The greatest value of a column, for `numbersOf`. */
export function newest(column: SQLiteColumn): SQL {
  return sql`(select max(${column}) from ${getColumnTable(column)})`
}

/** Each by a select of its own, all in one statement. */
export async function numbersOf(read: Reader, selects: readonly SQL[]): Promise<(number | null)[]> {
  const named = selects.map((one, n) => sql`${one} as ${sql.raw(`n${n}`)}`)
  const [row] = await read.all<Record<string, number | null>>(sql`select ${sql.join(named, sql`, `)}`)
  return selects.map((_, n) => row![`n${n}`]!)
}
