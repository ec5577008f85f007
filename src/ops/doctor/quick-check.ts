import Database from 'better-sqlite3'

/**
 * A program of its own, started by `lookAtDatabaseFile`: checking a large file blocks its thread, and a damaged one may do worse.
 * Writes one JSON line.
 */
const [file = ''] = process.argv.slice(2)
try {
  const client = new Database(file, { readonly: true, fileMustExist: true, timeout: 5_000 })
  const [first] = client.pragma('quick_check(1)') as { quick_check: string }[]
  const number = (pragma: string) => Number(client.pragma(pragma, { simple: true }))
  tell({
    sound: first?.quick_check === 'ok',
    code: null,
    pages: number('page_count'),
    freePages: number('freelist_count'),
    pageBytes: number('page_size'),
  })
  client.close()
} catch (error) {
  if (!(error instanceof Database.SqliteError)) throw error
  tell({ sound: false, code: error.code, pages: 0, freePages: 0, pageBytes: 0 })
}

function tell(answer: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
