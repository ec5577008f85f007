import type Database from 'better-sqlite3'

/** More than the program has queries; lists of ids vary in length and make texts of their own. */
const MOST = 300

/**
 * Lets a connection compile each text once. Without it every query leaves a compiled statement outside the JavaScript heap, where the
 * collector does not feel its weight: a scan of 100,000 permits held gigabytes.
 */
export function keepStatements(client: Database.Database): void {
  const prepare = client.prepare.bind(client)
  const kept = new Map<string, Database.Statement>()
  const prepareOnce = (text: string): Database.Statement => {
    const statement = kept.get(text) ?? prepare(text)
    kept.delete(text)
    kept.set(text, statement)
    if (kept.size > MOST) kept.delete(kept.keys().next().value!)
    // Rows as objects, as from a new statement, whatever its last user asked for.
    if (statement.reader) statement.raw(false)
    return statement
  }
  client.prepare = prepareOnce as typeof client.prepare
}
