import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { eq, isNotNull, sql } from 'drizzle-orm'
import { type App, openApp } from '../../src/app.ts'
import { accountByName, addOfficer } from '../../src/console/accounts.ts'
import { beginSession } from '../../src/console/sessions.ts'
import { addDays, civilDate, instantOf } from '../../src/lib/civil-date.ts'
import { SteppedClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/events.ts'
import { writeSampleCsv } from '../../src/register/sample.ts'
import { silentSpeech } from '../../test/silent-speech.ts'
import { AUTH_TOKEN, configOf, keysIn, TIME_ZONE, withoutRates } from '../../test/world.ts'

/**
 * How long the pages of the console take on the server, over loopback and one after another: median and 95th percentile
 * in milliseconds, by the clock and of processor time (what counts where other work shares the machine), for an officer of
 * the whole office and one of a single regency. Prints one JSON line. The register is the sample's, imported 65 days
 * before, with scans since; a folder given by --keep is used again.
 * Usage: node scripts/bench/pages.ts [--residents 100000] [--times 40] [--keep FOLDER] [--today 2026-11-23]
 */
const AREA = 'Kota Blitar'
const KNOWN_FOR_DAYS = 65

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      residents: { type: 'string', default: '100000' },
      times: { type: 'string', default: '40' },
      keep: { type: 'string' },
      today: { type: 'string', default: '2026-11-23' },
    },
  })
  const today = civilDate(values.today)
  await using stack = new AsyncDisposableStack()
  const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'tenggat-pages-'))
  mkdirSync(folder, { recursive: true })
  if (values.keep === undefined) stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const clock = new SteppedClock(instantOf(today, '08:30', TIME_ZONE))
  const app = stack.use(
    await openApp(
      { ...configOf({ folder, port: 1, sandboxUrl: 'http://127.0.0.1:1' }), trustedProxies: ['127.0.0.1'] },
      { keys: keysIn(folder), twilioAuthToken: AUTH_TOKEN, smtpUrl: undefined, heartbeatUrl: undefined },
      { clock, log: silentLog, office: withoutRates, speech: [silentSpeech()] },
    ),
  )
  if ((await app.db.read.$count(app.db.t.residents)) === 0) await live(app, clock, Number(values.residents), folder)
  const officers = stack.use(await app.openConsole())
  const times = Number(values.times)
  let asked = 0
  const result: Record<string, unknown> = { residents: await app.db.read.$count(app.db.t.residents) }
  for (const [who, regencies] of [
    ['office', null],
    ['area', [AREA]],
  ] as const) {
    const cookie = await signIn(app, `bench-${who}`, regencies)
    await planIsMade(officers.url, cookie)
    for (const [name, path] of Object.entries(await paths(app))) {
      const spent: { wall: number; cpu: number }[] = []
      let bytes = 0
      for (let n = 0; n <= times; n += 1) {
        // Each request from an address of its own, or the limit of one address would be measured.
        const headers = { cookie, 'x-forwarded-for': `10.0.${(asked >> 8) % 256}.${asked % 256}` }
        asked += 1
        const [began, busy] = [performance.now(), process.cpuUsage()]
        const answer = await fetch(officers.url + path, { headers, redirect: 'manual' })
        bytes = (await answer.arrayBuffer()).byteLength
        if (answer.status >= 400 && answer.status !== 404) throw new Error(`${path} answers ${answer.status}`)
        const { user, system } = process.cpuUsage(busy)
        if (n > 0) spent.push({ wall: performance.now() - began, cpu: (user + system) / 1_000 })
      }
      result[`${who} ${name}`] = { ...quantiles(spent), kilobytes: Math.round(bytes / 1_000) }
    }
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

function quantiles(spent: readonly { wall: number; cpu: number }[]): Record<string, number> {
  const at = (share: number, by: 'wall' | 'cpu') => {
    const sorted = spent.map((one) => one[by]).toSorted((a, b) => a - b)
    return Math.round(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]! * 10) / 10
  }
  return { p50: at(0.5, 'wall'), p95: at(0.95, 'wall'), cpu50: at(0.5, 'cpu'), cpu95: at(0.95, 'cpu') }
}

/** A large register's plan is made beside the pages: they are measured once it is there. */
async function planIsMade(url: string, cookie: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const answer = await fetch(`${url}/plan`, { headers: { cookie } })
    if ((await answer.text()).includes('plan-days')) return
    if (tries > 120) throw new Error('the plan is not made after two minutes')
    await setTimeout(1_000)
  }
}

/** Some weeks at the office: what each scan found was sent, and most of it came. */
async function live(app: App, clock: SteppedClock, residents: number, folder: string): Promise<void> {
  const today = app.today()
  const file = join(folder, 'register.csv')
  if (!existsSync(file)) writeSampleCsv(file, { today, residents, seed: 7 })
  clock.set(instantOf(addDays(today, -KNOWN_FOR_DAYS), '08:30', TIME_ZONE))
  await app.importFile({ file })
  for (const back of [40, 30, 20, 14, 10, 7, 5, 3, 2, 1, 0]) {
    clock.set(instantOf(addDays(today, -back), '06:00', TIME_ZONE))
    await app.scan()
    await app.overstay()
    if (back > 0) await sendAll(app, clock.now() + 3 * 3_600_000)
    clock.set(instantOf(addDays(today, -back), '08:30', TIME_ZONE))
    await app.attend()
  }
}

async function sendAll({ db }: App, now: number): Promise<void> {
  await db.write(async (tx) => {
    await tx.run(sql`insert into attempts (delivery_id, number, channel, worker, started_at, finished_at, outcome, sid, error_code)
      select id, 1, channel, 'bench', ${now}, ${now}, 'accepted', 'SM' || id, case when id % 23 = 0 then 30005 when id % 11 = 0 then 30003 end
      from deliveries where state = 'queued'`)
    await tx.run(sql`update deliveries set attempts = 1, state_since = ${now}, sid = 'SM' || id,
      state = case when id % 23 = 0 or id % 11 = 0 then 'exhausted' when id % 7 = 0 then 'sent' else 'delivered' end
      where state = 'queued'`)
  })
}

async function signIn({ db, clock, office }: App, name: string, regencies: readonly string[] | null): Promise<string> {
  const now = clock.now()
  const passwordCost = { memoryKiB: 64, passes: 1 }
  const given = { name, role: 'officer', regencies: regencies && [...regencies], known: office.areas.regencies }
  if (!(await accountByName(db.read, name))) await addOfficer({ db, now, passwordCost }, given)
  const token = await db.write(async (tx) => {
    await tx.update(tx.t.officers).set({ one_time_until: null }).where(eq(tx.t.officers.name, name))
    const account = (await accountByName(tx, name))!
    return beginSession(tx, { account, codeAt: null, now, policy: office.console })
  })
  return `tenggat-session=${token}`
}

/** By the name that the result has them under. */
async function paths({ db, today }: App): Promise<Record<string, string>> {
  const { vault } = db
  const { residents, permits, overstay_cases: cases } = db.t
  const searched = (text: string) => encodeURIComponent(vault.seal(text, 'console.search'))
  const [person] = await db.read
    .select({ id: residents.id, phone: residents.phone, permitNo: permits.permit_no, name: residents.full_name })
    .from(residents)
    .innerJoin(permits, eq(permits.resident_id, residents.id))
    .where(isNotNull(residents.phone))
    .limit(1)
    .offset(100)
  const [open] = await db.read.select({ id: cases.id }).from(cases).limit(1)
  const { id, phone, permitNo, name } = person!
  return {
    today: '/',
    residents: '/residents',
    'residents, 14 days': '/residents?ends=14',
    'residents, 60 days': '/residents?ends=60',
    'residents, filtered': '/residents?nationality=DE&kind=ITAS',
    'residents, held': '/residents?held=1',
    'residents, by name': `/residents?s=${searched(name)}`,
    'residents, by phone': `/residents?s=${searched(phone!)}`,
    'residents, by permit': `/residents?s=${searched(permitNo)}`,
    'residents, none found': `/residents?s=${searched('zzz nobody')}`,
    resident: `/residents/${id}`,
    plan: '/plan',
    overstays: '/overstays',
    'overstays, by name': '/overstays?sort=name',
    'overstays, untried': '/overstays?contact=untried',
    'overstays, searched': `/overstays?s=${searched(name)}`,
    'overstays, raised today': `/overstays?escalated=${today()}`,
    'overstays, print': '/overstays/print',
    case: `/cases/${open?.id ?? 0}`,
    'follow-ups': '/follow-ups',
    'follow-ups, to phone': '/follow-ups?kind=phone&owner=-',
    deliveries: '/deliveries',
    'deliveries, today': `/deliveries?on=${today()}`,
    'deliveries, exhausted': '/deliveries?state=exhausted',
    'deliveries, by error': '/deliveries?error=30003',
    imports: '/imports',
  }
}

await main()
