import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { keepStatements } from './statements.ts'

describe('a connection that keeps its statements', () => {
  it('compiles a text once, and hands it back without the mode of its last user', () => {
    using client = open()
    const first = client.database.prepare('select 1 as one')
    expect(first.raw().all()).toEqual([[1]])
    const again = client.database.prepare('select 1 as one')
    expect(again).toBe(first)
    expect(again.all()).toEqual([{ one: 1 }])
  })

  it('keeps those in use and lets the others go', () => {
    using client = open()
    const used = client.database.prepare('select 0 as n')
    const unused = client.database.prepare('select -1 as n')
    for (let n = 1; n <= 1_000; n++) {
      client.database.prepare(`select ${n} as n`)
      client.database.prepare('select 0 as n')
    }
    expect(client.database.prepare('select 0 as n')).toBe(used)
    expect(client.database.prepare('select -1 as n')).not.toBe(unused)
  })

  it('sees a table as it is after a change', () => {
    using client = open()
    client.database.exec('create table t (a)')
    client.database.prepare('insert into t values (1)').run()
    expect(client.database.prepare('select * from t').all()).toEqual([{ a: 1 }])
    client.database.exec('alter table t add column b')
    expect(client.database.prepare('select * from t').all()).toEqual([{ a: 1, b: null }])
  })
})

function open(): Disposable & { database: Database.Database } {
  const database = new Database(':memory:')
  keepStatements(database)
  return { database, [Symbol.dispose]: () => void database.close() }
}
