import { recordAudit } from '../console/audit.ts'
import { addDays, type CivilDate, dateAt } from '../lib/civil-date.ts'
import { XLSX_TYPE } from '../overstay/export.ts'
import { type DigestFigures, digestFigures, type Forecast } from './digest-figures.ts'
import { digestPage, digestSubject, isWorthSending } from './digest-page.ts'
import { digestWorkbook } from './digest-workbook.ts'
import { layOut } from './letter-page.ts'
import { lastSentAt, mailRows } from './mail-record.ts'
import { mayTry } from './mail-rules.ts'
import { linkTo, type PostOffice, sendOnRecord, type Written } from './post-office.ts'

export type DigestDeps = PostOffice & {
  /** The home office's has a name without a code. */
  home: boolean
  digestTo: readonly string[]
  forecast: () => Promise<Forecast | null>
}

/** `nothing`: nobody needs to hear of anything. `settled`: it was sent, or nobody knows, or another try is not due. */
export type DigestResult = {
  day: CivilDate
  digest: 'sent' | 'refused' | 'uncertain' | 'nothing' | 'settled' | 'past' | 'off'
  follow_ups?: number
  cases?: number
}

const DAY_MS = 24 * 3_600_000

/** Sends the digest of `day`, today's only, unless it was sent or nobody knows whether it was. */
export async function sendDigest(deps: DigestDeps, { day }: { day: CivilDate }): Promise<DigestResult> {
  const { db, clock, office, digestTo } = deps
  if (digestTo.length === 0) return { day, digest: 'off' }
  const now = clock.now()
  // What lay ahead that morning is behind by now; the next digest has it all.
  if (day !== dateAt(now, office.timeZone)) return { day, digest: 'past' }
  const about = aboutOf(deps, day)
  const row = (await mailRows(db.read, [about])).get(about)
  if (!mayTry('digest', row, now)) return { day, digest: 'settled' }

  const since = await digestBefore(deps, now)
  const figures = await digestFigures({ db, office, today: day, now, since, forecast: deps.forecast })
  if (!isWorthSending(figures)) return { day, digest: 'nothing' }
  const attachments = await attachmentsOf(deps, figures)
  const counts = { follow_ups: figures.followUps.length, cases: figures.overstays.length }
  const sent = await sendOnRecord(deps, {
    kind: 'digest',
    abouts: [about],
    to: digestTo,
    // Names leave the house with this mail: the chain says so, and its head in the mail covers this very entry.
    begin: (tx) =>
      recordAudit(tx, {
        action: 'digest.send',
        detail: `day=${day} follow_ups=${counts.follow_ups} cases=${counts.cases} addresses=${digestTo.length}`,
        officerId: null,
        now,
      }),
    write: (_began, noted) => write(deps, { figures, attachments, head: noted!.hash }),
  })
  return { day, digest: sent?.outcome.state ?? 'settled', ...counts }
}

/** Whether today's digest was tried, in vain, and may be tried again now. */
export async function retryDigest(deps: DigestDeps): Promise<DigestResult | null> {
  const now = deps.clock.now()
  const day = dateAt(now, deps.office.timeZone)
  const about = aboutOf(deps, day)
  const row = (await mailRows(deps.db.read, [about])).get(about)
  return row?.state === 'refused' && mayTry('digest', row, now) ? sendDigest(deps, { day }) : null
}

function aboutOf({ home, office }: DigestDeps, day: CivilDate): string {
  return home ? `digest:${day}` : `digest:${day}:${office.code}`
}

/** A day back where there was none, and never more than a week. */
async function digestBefore(deps: DigestDeps, now: number): Promise<number> {
  const today = dateAt(now, deps.office.timeZone)
  const abouts = [1, 2, 3, 4, 5, 6, 7].map((back) => aboutOf(deps, addDays(today, -back)))
  const last = await lastSentAt(deps.db.read, { kind: 'digest', abouts })
  return last === null || last >= now ? now - DAY_MS : Math.max(last, now - 7 * DAY_MS)
}

async function attachmentsOf({ office, words }: DigestDeps, figures: DigestFigures): Promise<Written['attachments']> {
  const { followUps, overstays, today } = figures
  if (followUps.length + overstays.length === 0) return []
  const content = await digestWorkbook({ followUps, overstays, timeZone: office.timeZone, t: words.id })
  return [{ filename: `daftar-${today}.xlsx`, contentType: XLSX_TYPE, content }]
}

function write(
  deps: DigestDeps,
  { figures, attachments, head }: { figures: DigestFigures; attachments: Written['attachments']; head: string },
): Written {
  const { office, words, templatesDir } = deps
  const frame = { t: words.id, office, link: linkTo(deps), head, file: attachments[0]?.filename ?? null }
  return { subject: digestSubject(figures, frame), ...layOut(digestPage(figures, frame), templatesDir), attachments }
}
