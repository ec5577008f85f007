import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { keepStatements, readBeside } from './statements.ts'

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

describe('reading beside a writer', () => {
  it('sees what is committed and never what is not, also when it was prepared before the transaction began', () => {
    using files = openFile()
    const { writer, reading } = files
    const counted = 'select count(*) as n from t'
    const early = reading.prepare(counted)
    writer.exec('begin immediate; insert into t values (1)')
    expect([early.all(), reading.prepare(counted).get()]).toEqual([[{ n: 0 }], { n: 0 }])
    expect(early.raw().all()).toEqual([[0]])
    writer.exec('commit')
    expect([early.all(), reading.prepare(counted).raw().get()]).toEqual([[{ n: 1 }], [1]])
    writer.exec('begin immediate; insert into t values (2); rollback')
    expect(early.get()).toEqual({ n: 1 })
  })

  it('refuses to write', () => {
    using files = openFile()
    const add = files.reading.prepare('insert into t values (1) returning a')
    expect(() => add.all()).toThrow('attempt to write a readonly database')
    expect(files.reading.prepare('select count(*) as n from t').get()).toEqual({ n: 0 })
  })

  it('does not fetch anew what it held before a write', () => {
    using files = openFile()
    const { writer, reader, reading } = files
    writer.exec('insert into t values (1)')
    const version = 'pragma data_version'
    const before = [reading.prepare(version).get(), reader.prepare(version).get()]
    writer.exec('insert into t values (2)')
    // What moves when another connection has written: all that is at hand is then thrown away.
    expect(reading.prepare(version).get()).toEqual(before[0])
    expect(reader.prepare(version).get()).not.toEqual(before[1])
  })
})

function openFile() {
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-statements-'))
  const writer = new Database(join(folder, 'x.db'))
  writer.pragma('journal_mode = wal')
  writer.exec('create table t (a)')
  const reader = new Database(join(folder, 'x.db'), { readonly: true })
  return {
    ...{ writer, reader, reading: readBeside(writer, reader) },
    [Symbol.dispose]() {
      reader.close()
      writer.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function open(): Disposable & { database: Database.Database } {
  const database = new Database(':memory:')
  keepStatements(database)
  return { database, [Symbol.dispose]: () => void database.close() }
}
