import type Database from 'better-sqlite3'

/** More than the program has queries; lists of ids vary in length and make texts of their own. */
const MOST = 300

type Asked = Pick<Database.Statement, 'all' | 'get'> & { raw(): Pick<Database.Statement, 'all' | 'get'> }

/**
 * Reads by the connection that writes while it is in no transaction, and by one of their own while it is. Whatever another
 * connection commits takes from this one all that it holds of the file: beside a writer, one that only reads begins every
 * time with nothing at hand, and fetches each page from the system anew.
 */
export function readBeside(writer: Database.Database, reader: Database.Database): Database.Database {
  const prepare = writer.prepare.bind(writer)
  // Looked at when it runs: drizzle prepares a moment before, and a transaction may begin in between.
  const now = (text: string): Database.Statement => {
    if (writer.inTransaction) return reader.prepare(text)
    const statement = prepare(text) as Database.Statement
    // What would write is refused by the one that cannot.
    return statement.readonly ? statement : reader.prepare(text)
  }
  const asking = (text: string): Asked => ({
    all: (...values: unknown[]) => now(text).all(...values),
    get: (...values: unknown[]) => now(text).get(...values),
    raw: () => ({
      all: (...values: unknown[]) =>
        now(text)
          .raw()
          .all(...values),
      get: (...values: unknown[]) =>
        now(text)
          .raw()
          .get(...values),
    }),
  })
  return { prepare: asking } as unknown as Database.Database
}

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
