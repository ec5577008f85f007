import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Rows } from '../../test/rows.ts'
import { readGap } from '../db/gap.ts'
import type { Db } from '../db/open.ts'
import { openTestDb } from '../db/testing.ts'
import { silentLog } from '../lib/events.ts'
import { type Loss, leaveMark, lossOf, type Mark, openReach } from './reach.ts'

describe('what a mark says of the database beside it', () => {
  const mark: Mark = { database: 'a', boot: '1', reached: { attempts: 7, receipts: 3 }, clean: false }
  const asLeft = { mark, database: 'a', boot: '1', reached: { attempts: 7, receipts: 3 }, engine: 'sqlite' as const }
  const none = { attempts: 0, receipts: 0 }

  it.each<[string, Partial<Parameters<typeof lossOf>[0]>, Loss]>([
    ['as it was left by a kill', {}, 'none'],
    ['with attempts that had not begun', { reached: { attempts: 9, receipts: 3 } }, 'none'],
    ['without its newest attempts', { reached: { attempts: 6, receipts: 3 } }, 'certain'],
    ['without its newest receipts', { reached: { attempts: 7, receipts: 2 } }, 'certain'],
    ['without them after an orderly end', { mark: { ...mark, clean: true }, reached: none }, 'certain'],
    ['after the machine fell', { boot: '2' }, 'perhaps'],
    ['after the machine was shut down', { boot: '2', mark: { ...mark, clean: true } }, 'none'],
    ['where the system does not tell its runs apart', { boot: '', mark: { ...mark, boot: '' } }, 'perhaps'],
    ['another one', { database: 'b' }, 'other-database'],
    ['a new one', { database: 'b', reached: none }, 'other-database'],
    ['another one, of a program that had sent nothing', { database: 'b', mark: { ...mark, reached: none } }, 'none'],
    ['without a mark', { mark: null }, 'perhaps'],
    ['new, without a mark', { mark: null, reached: none }, 'none'],
    ['PostgreSQL without a mark: a further worker', { mark: null, engine: 'postgres' }, 'none'],
    ['PostgreSQL after our machine fell', { boot: '2', engine: 'postgres' }, 'none'],
    ['PostgreSQL set back', { reached: none, engine: 'postgres' }, 'certain'],
  ])('%s', (_case, change, loss) => {
    expect(lossOf({ ...asLeft, ...change })).toBe(loss)
  })
})

describe('the mark', () => {
  const clock = { now: () => 1_000_000 }
  let folder: string
  let db: Db
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tenggat-reach-'))
    db = await openTestDb()
  })
  afterEach(async () => {
    await db[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })
  const open = (boot = '1') => openReach({ folder, db, clock, log: silentLog, boot })
  const read = () => JSON.parse(readFileSync(join(folder, 'reach.json'), 'utf8')) as Mark

  it('says at every moment how far the program has got, and in the end that it ended', async () => {
    {
      using reach = await open()
      reach.note('attempts', 4)
      reach.note('receipts', 2)
      reach.note('attempts', 3)
      expect(read()).toMatchObject({ reached: { attempts: 4, receipts: 2 }, clean: false, boot: '1' })
    }
    expect(read()).toMatchObject({ reached: { attempts: 4, receipts: 2 }, clean: true })
  })

  it('that is ahead of the database opens a gap from the newest thing that is known', async () => {
    const rows = new Rows(db, { now: () => 500_000 })
    let attempt = 0
    {
      using reach = await open()
      attempt = await rows.attempt((await rows.tell()).deliveryId)
      reach.note('attempts', attempt + 5)
    }
    using _reach = await open()
    expect(await readGap(db.read)).toEqual({ from: 500_000, until: 1_000_000 })
    expect(read().reached.attempts).toBe(attempt + 1_000_000)
    expect(await rows.attempt((await rows.tell()).deliveryId)).toBe(attempt + 1_000_001)
  })

  it('of a torn file is none', async () => {
    writeFileSync(join(folder, 'reach.json'), '{"database": "a", "reach')
    using _reach = await open()
    expect(await readGap(db.read)).toBeNull()
  })

  it('that was left on purpose is believed', async () => {
    const { database } = await (async () => {
      using _reach = await open()
      return read()
    })()
    leaveMark(folder, { database, boot: '1', reached: { attempts: 0, receipts: 0 }, clean: true })
    using _reach = await open('2')
    expect(await readGap(db.read)).toBeNull()
  })
})
