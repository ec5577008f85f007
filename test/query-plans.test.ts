import { sql } from 'drizzle-orm'
import { getColumns } from 'drizzle-orm/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { everyPage, measurePages } from '../scripts/bench/pages-measure.ts'
import type { App } from '../src/app.ts'
import { dutyWork } from '../src/cli/daemon.ts'
import { addDays, civilDate } from '../src/lib/civil-date.ts'
import { writeSampleCsv } from '../src/register/sample.ts'
import { silentSpeech } from './silent-speech.ts'
import { listenToStatements, pretendMillions, type Scan, wholeReads } from './statement-plans.ts'
import { openWorld, type World } from './world.ts'

const TODAY = civilDate('2026-11-23')
const COPIES = 30
/** Grow with the residents and with the years. */
const BIG = [
  'residents',
  'permits',
  'cycles',
  'notices',
  'deliveries',
  'delivery_notices',
  'attempts',
  'receipts',
  'acknowledgements',
  'overstay_cases',
  'case_events',
  'follow_ups',
  'audit',
]

/** What may read a big table whole, and why. `text`: what its statement is known by. */
const ALLOWED: { name: string; text: RegExp; because: string }[] = [
  {
    name: 'the list of residents',
    text: /order by "residents"."full_name" asc, "residents"."id" asc limit/,
    because: 'walks the index of names until the page is full',
  },
  {
    name: 'a part of a name or permit number',
    text: /replace\(lower\(/,
    because: 'parts of words have no index; whole numbers, passports and phones are looked up by theirs',
  },
  {
    name: "what the residents' list may be narrowed to",
    text: /^select distinct ("nationality", "regency" from "residents"|"kind" from "permits")/,
    because: 'asked once and kept for a while',
  },
  {
    name: 'cases that nobody was reached for',
    text: /not \(\(\(exists \(select 1 from "notices"/,
    because: 'PostgreSQL reads answers and outcomes once for all open cases instead of once for each',
  },
  {
    name: "today's deliveries of one regency",
    text: /^select (count\(\*\)|"state", count\(\*\)) from "deliveries" where \(\("deliveries"."due_on" = /,
    because:
      "PostgreSQL takes everybody of the regency where today's deliveries are a large share of them, as they are here",
  },
  {
    name: 'permits that are over and have no case',
    text: /^select "permits"."id", .* from "permits" left join "cycles" .* left join "overstay_cases"/,
    because: 'goes by pages of permits, and here a page is most of them',
  },
  {
    name: 'voice notes that nobody needs any more',
    text: /^delete from "voice_notes"/,
    because: 'once a night',
  },
  {
    name: 'words, receipts and people whose time is over',
    text: /^select "id" from "(attempts|receipts|case_events|residents)" where .*limit/,
    because: 'once a night, a batch at a time',
  },
  {
    name: 'words at the carrier whose time is over',
    text: /^select "attempts"."id", "attempts"."sid", "deliveries"."state" from .*limit/,
    because: 'once a night, a page at a time along the primary key',
  },
]

describe('on a register with its history, no statement reads a big table whole', () => {
  let world: World
  let pages: Record<string, string>
  let heard: Awaited<ReturnType<typeof listenToStatements>>

  beforeAll(async () => {
    heard = await listenToStatements()
    world = await openWorld({
      today: addDays(TODAY, -1),
      config: { trustedProxies: ['127.0.0.1'] },
      overrides: { speech: [silentSpeech({ leastSeconds: 0.05, lettersPerSecond: 10_000 })] },
    })
    const file = `${world.folder}/sample.csv`
    writeSampleCsv(file, { today: TODAY, residents: 150, seed: 3 })
    await world.app.importFile({ file })
    await world.day(addDays(TODAY, -1))
    await multiply(world.app)
    await pretendMillions(world.app, BIG, 200)
    pages = await everyPage(world.app)
    heard.take()
  }, 120_000)
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]()
    heard?.[Symbol.dispose]()
  })

  const morning: [string, () => Promise<unknown>][] = [
    ['scan', () => at('06:00', () => world.app.scan())],
    ['overstay', () => world.app.overstay()],
    ['deliver', () => at('08:30', () => world.deliver())],
    ['deliver calls', () => at('09:30', () => world.deliver())],
    ['attend', () => world.app.attend()],
    ['watch', () => duty('watch')],
    ['spending', () => duty('spending')],
    ['clean', () => duty('clean')],
    ['retention', () => duty('retention')],
    ['pages', () => measurePages(world.app, { pages, regencies: null, times: 1 })],
    ['pages of one regency', () => measurePages(world.app, { pages, regencies: ['Kota Blitar'], times: 1 })],
  ]

  it.each(morning)('%s', async (_name, work) => {
    heard.take()
    await work()
    const statements = heard.take()
    expect(statements.size).toBeGreaterThan(0)
    const scans = await wholeReads(world.app, statements, BIG)
    expect(scans.filter((scan) => !isAllowed(scan)).map(({ plan, statement }) => `${plan}: ${statement}`)).toEqual([])
  })

  async function at<Result>(time: string, work: () => Promise<Result>): Promise<Result> {
    world.at(TODAY, time)
    return work()
  }

  const duty = (name: 'watch' | 'spending' | 'clean' | 'retention') =>
    dutyWork(world.app, world.delivery)[name](world.clock.now())
})

function isAllowed({ statement }: Scan): boolean {
  return ALLOWED.some(({ text }) => text.test(statement))
}

/** Columns that point to another row, or are one; and those that tell one row from another. */
const IDS = ['id', 'resident_id', 'permit_id', 'cycle_id', 'notice_id', 'delivery_id', 'case_id']
const OWN = [
  'register_no',
  'full_name',
  'passport_index',
  'phone_index',
  'sponsor_phone_index',
  'permit_no',
  'reference',
  'token_hash',
  'sid',
  'digest',
]
const STRIDE = 1_000_000
/** Most of what is on record happened on other days and is over. */
const BEFORE = `'2025-0' || cast(copy % 9 + 1 as text) || '-1' || cast(copy % 10 as text)`
const LATER = `'2028-0' || cast(copy % 9 + 1 as text) || '-1' || cast(copy % 10 as text)`
const ELSEWHEN: Readonly<Record<string, string>> = {
  expires_on: LATER,
  due_on: BEFORE,
  created_on: BEFORE,
  opened_on: BEFORE,
  on: BEFORE,
}

/** Everybody and everything on record again, so many times, so that an index is worth its while. */
async function multiply({ db }: App): Promise<void> {
  const copied = BIG.filter((table) => table !== 'audit') as (keyof typeof db.t & string)[]
  await db.write(async (tx) => {
    for (const table of copied) {
      const columns = Object.keys(getColumns(db.t[table]))
      const list = columns.map((name) => `"${name}"`).join()
      const values = columns.map((name) => {
        if (name === 'cycle_id') return `case when cycle_id = 0 then 0 else cycle_id + copy * ${STRIDE} end`
        if (name === 'closed_at') return 'coalesce(closed_at, 1)'
        if (name in ELSEWHEN) return `case when copy < 2 then "${name}" else ${ELSEWHEN[name]} end`
        if (IDS.includes(name)) return `"${name}" + copy * ${STRIDE}`
        return OWN.includes(name) ? `"${name}" || '-' || cast(copy as text)` : `"${name}"`
      })
      await tx.run(
        sql.raw(`insert into ${table} (${list}) with recursive copies (copy) as
          (select 1 union all select copy + 1 from copies where copy < ${COPIES})
          select ${values.join()} from ${table} cross join copies where id < ${STRIDE}`),
      )
    }
  })
}
