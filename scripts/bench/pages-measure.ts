import { setTimeout } from 'node:timers/promises'
import { eq, isNotNull } from 'drizzle-orm'
import type { App } from '../../src/app.ts'
import { accountByName, addOfficer } from '../../src/console/accounts.ts'
import { beginSession } from '../../src/console/sessions.ts'

/** Milliseconds by the clock, and of processor time, which counts where other work shares the machine. */
export type Spent = { p50: number; p95: number; cpu50: number; cpu95: number; kilobytes: number }

export type PageOptions = {
  /** Pages by the name that the result has them under. */
  pages: Readonly<Record<string, string>>
  /** Of the officer who looks; null: the whole area. */
  regencies: readonly string[] | null
  times: number
  /** The plan of a large register is made beside the pages: they are measured once it is there. */
  awaitPlan?: boolean
}

/** How long these pages take on the server, over loopback and one after another. */
export async function measurePages(
  app: App,
  { pages, regencies, times, awaitPlan = false }: PageOptions,
): Promise<Record<string, Spent>> {
  await using officers = await app.openConsole()
  const cookie = await signIn(app, regencies)
  if (awaitPlan) await planIsMade(officers.url, cookie)
  const result: Record<string, Spent> = {}
  let asked = 0
  for (const [name, path] of Object.entries(pages)) {
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
    result[name] = { ...quantiles(spent), kilobytes: Math.round(bytes / 1_000) }
  }
  return result
}

/** Today, the overstay list filtered and by name, and one case. */
export async function morningPages(app: App): Promise<Record<string, string>> {
  const { overstay_cases: cases } = app.db.t
  const [open] = await app.db.read.select({ id: cases.id }).from(cases).limit(1)
  return {
    'page today': '/',
    'page overstays, filtered': '/overstays?contact=untried&level=verify&sort=name',
    'page case': `/cases/${open!.id}`,
  }
}

export async function everyPage({ db, today }: App): Promise<Record<string, string>> {
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

async function planIsMade(url: string, cookie: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const answer = await fetch(`${url}/plan`, { headers: { cookie } })
    if ((await answer.text()).includes('plan-days')) return
    if (tries > 120) throw new Error('the plan is not made after two minutes')
    await setTimeout(1_000)
  }
}

function quantiles(spent: readonly { wall: number; cpu: number }[]): Omit<Spent, 'kilobytes'> {
  const at = (share: number, by: 'wall' | 'cpu') => {
    const sorted = spent.map((one) => one[by]).toSorted((a, b) => a - b)
    return Math.round(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]! * 10) / 10
  }
  return { p50: at(0.5, 'wall'), p95: at(0.95, 'wall'), cpu50: at(0.5, 'cpu'), cpu95: at(0.95, 'cpu') }
}

async function signIn({ db, clock, office }: App, regencies: readonly string[] | null): Promise<string> {
  const now = clock.now()
  const name = regencies === null ? 'bench-office' : 'bench-area'
  const passwordCost = { memoryKiB: 64, passes: 1 }
  const area = { regencies: regencies && [...regencies], known: office.areas.regencies }
  const given = { name, role: 'officer', officeCode: office.code, ...area }
  if (!(await accountByName(db.read, name))) await addOfficer({ db, now, passwordCost }, given)
  const token = await db.write(async (tx) => {
    await tx.update(tx.t.officers).set({ one_time_until: null }).where(eq(tx.t.officers.name, name))
    const account = (await accountByName(tx, name))!
    return beginSession(tx, { account, codeAt: null, now, policy: office.console })
  })
  return `tenggat-session=${token}`
}
