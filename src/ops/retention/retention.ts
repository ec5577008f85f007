import { setImmediate as nextTurn } from 'node:timers/promises'
import { and, asc, eq, gt, gte, isNull, lt, max, ne, notExists, sql } from 'drizzle-orm'
import { readMeta, writeMeta } from '../../db/meta.ts'
import type { Db } from '../../db/open.ts'
import type { Carrier } from '../../deliver/carrier.ts'
import { addDays, type CivilDate } from '../../lib/civil-date.ts'
import type { Log } from '../../lib/events.ts'
import type { Office } from '../../lib/office.ts'
import type { Offices } from '../../lib/offices.ts'
import { backupsFolder, listBackups } from '../backup/files.ts'
import { redactAtCarrier } from './at-the-carrier.ts'
import { erasePerson } from './erase-person.ts'
import { mayRedactBefore, olderThan, whyKept } from './rules.ts'
import { scrub } from './scrub.ts'
import { eraseLeftovers, eraseNotes, eraseOldReceipts, eraseWords } from './texts.ts'

export type RetentionDeps = {
  db: Db
  log: Log
  offices: Offices
  now: number
  today: CivilDate
  /** Undefined on PostgreSQL, which clears its own pages (VACUUM). */
  databaseFile: string | undefined
  dataDir: string
  carrier: Pick<Carrier, 'redact'>
  /** Between two texts at the carrier. */
  everyMs?: number
}

export type RetentionCounts = {
  messages: number
  receipts: number
  notes: number
  leftovers: number
  residents: number
  /** Their time is over, but the newest file of the office lists them. */
  still_listed: number
  at_carrier: number
}

const PAGE = 200
/** The newest erasure of which nothing is left in the file. */
const SCRUBBED = 'scrubbed_until'

/**
 * Erases by the office's rules what is older than they allow, and puts on record what it was. A pass that is stopped in the middle
 * is finished by the next; the same pass again does nothing. Without rules nothing is erased.
 */
export async function retentionPass(deps: RetentionDeps): Promise<RetentionCounts | { rules: 0 }> {
  const { db, log, now, today, offices } = deps
  const { retention, timeZone } = offices.home
  if (!retention) return { rules: 0 }
  const aged = (days: number) => ({ before: olderThan({ today, days, timeZone }), basis: `${days} days` })

  const leftovers = await eraseLeftovers({ db, now }, aged(retention.messages))
  const messages = await eraseWords({ db, now }, aged(retention.messages))
  const receipts = await eraseOldReceipts({ db, now }, aged(retention.receipts))
  const notes = await eraseNotes({ db, now }, aged(retention.cases))
  let [residents, stillListed] = [0, 0]
  for (const office of offices.all) {
    const erased = await eraseResidents({ db, now, today, office }, retention.residents)
    residents += erased.residents
    stillListed += erased.still_listed
  }
  const counts = {
    messages,
    receipts,
    notes: sum(notes),
    leftovers: sum(leftovers),
    residents,
    still_listed: stillListed,
    at_carrier: 0,
  }
  // The carrier may take long; what is gone here is to be gone first.
  await scrubErased(deps)
  const { redacted } = await redactAtCarrier(
    { db, log, now, carrier: deps.carrier },
    {
      before: await redactBefore(deps, retention.messages),
      ...(deps.everyMs === undefined ? {} : { everyMs: deps.everyMs }),
    },
  )
  counts.at_carrier = redacted
  log.info(counts, 'retention pass')
  return counts
}

/** After a pass that was stopped in the middle, too: the record of erasures says whether anything is left in the file. */
export async function scrubErased({ db, databaseFile }: Pick<RetentionDeps, 'db' | 'databaseFile'>): Promise<void> {
  if (databaseFile === undefined) return
  const { erasures } = db.t
  const [newest] = await db.read
    .select({ id: max(erasures.id) })
    .from(erasures)
    .where(ne(erasures.rule, 'carrier'))
  const id = newest?.id ?? 0
  if (id <= Number((await readMeta(db.read, SCRUBBED)) ?? 0)) return
  await scrub(databaseFile)
  await db.write((tx) => writeMeta(tx, SCRUBBED, String(id)))
}

type OfOffice = Pick<RetentionDeps, 'db' | 'now' | 'today'> & { office: Office }

async function eraseResidents(deps: OfOffice, days: number): Promise<{ residents: number; still_listed: number }> {
  const { db, office, now, today } = deps
  const { timeZone } = office
  const total = { residents: 0, still_listed: 0 }
  for (let after = 0; ; ) {
    const page = await candidates(deps, { after, days })
    if (page.length === 0) return total
    after = page.at(-1)!
    for (const residentId of page) {
      const erased = await erasePerson(
        { db, officeCode: office.code, now, today },
        {
          residentId,
          rule: 'residents',
          basis: `${days} days`,
          keep: (facts) => whyKept(facts, { today, days, timeZone }),
        },
      )
      if (erased && 'rows' in erased) total.residents += 1
      if (erased && 'kept' in erased && erased.kept === 'listed') total.still_listed += 1
      await nextTurn()
    }
  }
}

/** Whose permits all ended long enough ago; the rest is for `whyKept` to say. */
async function candidates(
  { db, office, today }: OfOffice,
  { after, days }: { after: number; days: number },
): Promise<number[]> {
  const { residents, permits } = db.t
  const recent = db.read
    .select({ one: sql`1` })
    .from(permits)
    .where(and(eq(permits.resident_id, residents.id), gte(permits.expires_on, addDays(today, -days))))
  const rows = await db.read
    .select({ id: residents.id })
    .from(residents)
    .where(
      and(
        gt(residents.id, after),
        eq(residents.office_code, office.code),
        isNull(residents.erased_at),
        lt(residents.created_at, olderThan({ today, days, timeZone: office.timeZone })),
        notExists(recent),
      ),
    )
    .orderBy(asc(residents.id))
    .limit(PAGE)
  return rows.map(({ id }) => id)
}

async function redactBefore({ offices, today, dataDir }: RetentionDeps, messages: number): Promise<number> {
  const { code, backup, timeZone } = offices.home
  const [oldest] = await listBackups(backupsFolder(dataDir), code)
  return mayRedactBefore({ today, messages, backup, oldestBackup: oldest?.header.made_at ?? null, timeZone })
}

function sum(rows: Readonly<Record<string, number>>): number {
  return Object.values(rows).reduce((total, one) => total + one, 0)
}
