import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { scrub } from './scrub.ts'

describe('what was erased from a SQLite file', () => {
  let folder: string
  let client: Database.Database
  const file = () => join(folder, 'a.db')

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tenggat-scrub-'))
    client = new Database(file())
    client.pragma('journal_mode = WAL')
    client.pragma('secure_delete = ON')
  })
  afterEach(() => {
    client.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('is partly still there after a checkpoint, and not after scrubbing, though others have the file open', async () => {
    const erased = eraseSome()
    client.pragma('wal_checkpoint(TRUNCATE)')
    expect(foundOf(erased)).toBeGreaterThan(0)
    await scrub(file())
    expect(foundOf(erased)).toBe(0)
    expect(client.prepare('select count(*) as n from people').get()).toEqual({ n: 3_000 })
    expect(client.prepare("select count(*) as n from people where name = ''").get()).toEqual({ n: erased.length })
  })

  it('is in the log, too, until then', async () => {
    const erased = eraseSome()
    expect(foundOf(erased)).toBe(erased.length)
    await scrub(file())
    expect(foundOf(erased)).toBe(0)
  })

  it('is said to be there still when there is no such file', async () => {
    await expect(scrub(join(folder, 'other.db'))).rejects.toThrow(
      /traces of what was erased are still in the database file/,
    )
  })

  /** Rows that grow and shrink, so that they move from page to page. Returns the names erased. */
  function eraseSome(): string[] {
    client.exec(
      'create table people (id integer primary key, name text, note text); create index names on people (name)',
    )
    let seed = 1
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed % below
    }
    const add = client.prepare('insert into people (name, note) values (?, ?)')
    const change = client.prepare('update people set note = ? where id = ?')
    const erase = client.prepare("update people set name = '', note = null where name = ?")
    const names = Array.from({ length: 3_000 }, (_, at) => `${random(1_000_000_000)} name ${at}`)
    const erased = names.filter((_, at) => at % 5 === 0)
    client.transaction(() => {
      for (const name of names) add.run(name, 'y'.repeat(random(300)))
      for (const _ of names) change.run('z'.repeat(random(600)), 1 + random(3_000))
    })()
    client.transaction(() => {
      for (const name of erased) erase.run(name)
    })()
    return erased
  }

  function foundOf(names: readonly string[]): number {
    const bytes = Buffer.concat(['', '-wal'].map((end) => readFileSync(`${file()}${end}`)))
    return names.filter((name) => bytes.includes(name)).length
  }
})
