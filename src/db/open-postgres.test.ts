import { eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { openTcpProxy, type TcpProxy } from '../../test/tcp-proxy.ts'
import { AppError } from '../lib/errors.ts'
import { isDuplicate } from './dialect.ts'
import { type Db, UncertainCommit } from './open.ts'
import { openPostgres } from './open-postgres.ts'
import { testDatabase, testEngine, testVault } from './testing.ts'

describe.runIf(testEngine() === 'postgres')('PostgreSQL', () => {
  it('counts and sums in numbers', async () => {
    await using at = await open()
    const { db } = at
    await put(db, 'a', '1')
    const [row] = await db.read.all<{ n: unknown; total: unknown }>(
      sql`select count(*) as n, sum(length(value)) as total from meta`,
    )
    expect(row).toEqual({ n: 1, total: 1 })
    expect(await db.read.$count(db.t.meta)).toBe(1)
  })

  it('runs plain writes one after the other, over all processes, so that what was read holds', async () => {
    await using at = await open()
    await using other = await at.again()
    await put(at.db, 'n', '0')
    const add = (db: Db) =>
      db.write(async (tx) => {
        const { meta } = tx.t
        const [row] = await tx.select().from(meta).where(eq(meta.key, 'n'))
        await tx
          .update(meta)
          .set({ value: String(Number(row!.value) + 1) })
          .where(eq(meta.key, 'n'))
      })
    await Promise.all(Array.from({ length: 40 }, (_, n) => add(n % 2 ? at.db : other)))
    expect(await valueAt(at.db, 'n')).toBe('40')
  })

  it('runs writes beside each other at the same time, and never with a plain one', async () => {
    await using at = await open()
    const { db } = at
    const inside = { beside: 0, plain: 0, together: 0, mixed: 0 }
    const stay = (kind: 'beside' | 'plain') =>
      db.write(
        async (tx) => {
          inside[kind] += 1
          inside.together = Math.max(inside.together, inside.beside)
          if (inside.plain > 1 || (inside.plain > 0 && inside.beside > 0)) inside.mixed += 1
          await tx.run(sql`select pg_sleep(0.02)`)
          inside[kind] -= 1
        },
        { beside: kind === 'beside' },
      )
    await Promise.all(
      ['beside', 'beside', 'plain', 'beside', 'beside', 'plain', 'beside'].map((kind) => stay(kind as 'beside')),
    )
    expect(inside.together).toBeGreaterThan(1)
    expect(inside.mixed).toBe(0)
  })

  it('lets the second of two writes that add the same row see the first one', async () => {
    await using at = await open()
    const { db } = at
    const addOnce = () =>
      db.write(
        async (tx) => {
          const { meta } = tx.t
          const [there] = await tx.select().from(meta).where(eq(meta.key, 'once'))
          if (there) return 'there'
          await tx.run(sql`select pg_sleep(0.02)`)
          await tx.insert(meta).values({ key: 'once', value: 'x' })
          return 'added'
        },
        { beside: true },
      )
    expect((await Promise.all([addOnce(), addOnce(), addOnce()])).toSorted()).toEqual(['added', 'there', 'there'])
    const plain = db.write((tx) => tx.insert(tx.t.meta).values({ key: 'once', value: 'y' }))
    expect(await plain.then(() => null, isDuplicate)).toBe(true)
  })

  it('tries again what a deadlock has ended', async () => {
    await using at = await open()
    const { db } = at
    await put(db, 'a', '')
    await put(db, 'b', '')
    const both = (first: string, second: string) =>
      db.write(
        async (tx) => {
          const { meta } = tx.t
          const add = (key: string) =>
            tx
              .update(meta)
              .set({ value: sql`${meta.value} || ${first}` })
              .where(eq(meta.key, key))
          await add(first)
          await tx.run(sql`select pg_sleep(0.05)`)
          await add(second)
        },
        { beside: true },
      )
    await Promise.all([both('a', 'b'), both('b', 'a')])
    expect([...(await valueAt(db, 'a'))!].toSorted()).toEqual(['a', 'b'])
    expect([...(await valueAt(db, 'b'))!].toSorted()).toEqual(['a', 'b'])
  })

  it('does not take a rolled back transaction for written', async () => {
    await using at = await open()
    const write = at.db.write(async (tx) => {
      await tx.insert(tx.t.meta).values({ key: 'k', value: 'v' })
      await Promise.allSettled([tx.run(sql`select 1 / 0`)])
    })
    await expect(write).rejects.toThrow('nothing of it was written')
    expect(await valueAt(at.db, 'k')).toBeUndefined()
  })

  it('writes once although the connection broke before the commit', async () => {
    const fate = { next: 'pass' as 'pass' | 'drop', times: 0 }
    await using at = await open((said) => {
      if (fate.next === 'pass' || !said.includes('insert into')) return 'pass'
      fate.times += 1
      fate.next = 'pass'
      return 'drop'
    })
    fate.next = 'drop'
    await put(at.db, 'k', 'v')
    expect(fate.times).toBe(1)
    expect(await valueAt(at.db, 'k')).toBe('v')
  })

  it.each(['drop', 'drop-after'] as const)(
    'says that it does not know when the connection breaks at the commit (%s), and never writes twice',
    async (how) => {
      const fate = { armed: false, times: 0 }
      await using at = await open((said) => {
        if (!fate.armed || !said.includes('commit\0')) return 'pass'
        fate.times += 1
        return how
      })
      await put(at.db, 'n', '0')
      fate.armed = true
      const error = await at.db
        .write((tx) =>
          tx
            .update(tx.t.meta)
            .set({ value: sql`${tx.t.meta.value} || '+'` })
            .where(eq(tx.t.meta.key, 'n')),
        )
        .catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(UncertainCommit)
      expect(fate.times).toBe(1)
      fate.armed = false
      const then = await at.db.write((tx) => tx.select().from(tx.t.meta).where(eq(tx.t.meta.key, 'n')))
      expect(then[0]!.value).toBe(how === 'drop' ? '0' : '0+')
    },
  )

  it('goes on by itself when the server is back', async () => {
    await using at = await open()
    at.line.cut()
    const write = put(at.db, 'k', 'v')
    const read = valueAt(at.db, 'other')
    setTimeout(() => at.line.pass(), 200)
    await write
    expect(await read).toBeUndefined()
    expect(await valueAt(at.db, 'k')).toBe('v')
  })

  it.each([
    [
      'nobody listens there',
      (url: URL) => Object.assign(url, { port: '1' }),
      /127\.0\.0\.1:1 cannot be opened as .*ECONNREFUSED/,
    ],
    ['no such database', (url: URL) => Object.assign(url, { pathname: '/nowhere' }), /nowhere.*does not exist/],
  ])('names place and user, never the password, when it cannot be opened: %s', async (_case, change, message) => {
    await using at = await open()
    const url = change(new URL(at.url))
    url.password = 'very-secret'
    const error = await openPostgres({ url: url.href, vault: testVault, patienceMs: 50 }).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(AppError)
    expect((error as AppError).message).toMatch(message)
    expect((error as AppError).message).not.toContain('very-secret')
  })

  it('is migrated once by many who start at the same time, and refused when it is newer', async () => {
    await using at = await open()
    const { db, url } = at
    await db.write((tx) => tx.run(sql`drop schema public cascade; drop schema drizzle cascade; create schema public`))
    const all = await Promise.all(Array.from({ length: 4 }, () => openPostgres({ url, vault: testVault })))
    await put(all[3]!, 'k', 'v')
    expect(await valueAt(all[0]!, 'k')).toBe('v')
    await all[0]!.write((tx) =>
      tx.run(sql`insert into drizzle.__drizzle_migrations (hash, name) values ('x', '2999_later')`),
    )
    await expect(openPostgres({ url, vault: testVault })).rejects.toThrow('2999_later')
    await all[0]!.write((tx) => tx.run(sql`delete from drizzle.__drizzle_migrations where name = '2999_later'`))
    for (const one of all) await one[Symbol.asyncDispose]()
  })
})

async function open(judge: (said: string) => 'pass' | 'drop' | 'drop-after' = () => 'pass') {
  await using stack = new AsyncDisposableStack()
  const { url } = stack.use(await testDatabase())
  const direct = new URL(url!)
  const line: TcpProxy = stack.use(
    await openTcpProxy({ targets: () => [Number(direct.port)], watch: (data) => judge(data.toString('latin1')) }),
  )
  const through = Object.assign(new URL(url!), { port: String(line.port) }).href
  const again = () => openPostgres({ url: through, vault: testVault, migrate: false })
  const db = stack.use(await again())
  const opened = stack.move()
  return { db, line, url: through, again, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

async function put(db: Db, key: string, value: string): Promise<void> {
  await db.write(async (tx) => {
    await tx.insert(tx.t.meta).values({ key, value })
  })
}

async function valueAt(db: Db, key: string): Promise<string | undefined> {
  const { meta } = db.t
  const [row] = await db.read.select().from(meta).where(eq(meta.key, key))
  return row?.value
}
