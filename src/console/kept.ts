import { max, sql } from 'drizzle-orm'
import type { Db } from '../db/open.ts'

type Kept = { about: string; answer: unknown }

/** So many different questions are remembered; areas and languages are few. */
const MOST = 100
const answers = new WeakMap<Db, Map<string, Kept>>()

/** The answer to `question`, made anew only when `about`, all that it depends on, is no longer the same. */
export async function kept<Answer>(
  db: Db,
  { question, about }: { question: string; about: string },
  make: () => Promise<Answer>,
): Promise<Answer> {
  const known = answers.get(db) ?? new Map<string, Kept>()
  answers.set(db, known)
  const last = known.get(question)
  if (last?.about === about) return last.answer as Answer
  const answer = await make()
  if (known.size >= MOST) known.clear()
  known.set(question, { about, answer })
  return answer
}

/** Changes whenever a case does, for each change is an event, and whenever the people do. */
export async function stateOfCases(db: Db): Promise<string> {
  const { case_events } = db.t
  const [row] = await db.read.select({ newest: max(case_events.id) }).from(case_events)
  return `${row?.newest} ${await stateOfPeople(db)}`
}

/** Changes whenever an import, a transfer or an erasure changed who there is, and with which permit. */
export async function stateOfPeople({ read, t }: Db): Promise<string> {
  const { imports, erasures, transfers } = t
  const moved = sql<number | null>`(select max(${transfers.id}) from ${transfers})`
  return JSON.stringify([
    await read.select({ a: max(imports.id), b: max(imports.finished_at), c: moved }).from(imports),
    await read.select({ a: max(erasures.id) }).from(erasures),
  ])
}
