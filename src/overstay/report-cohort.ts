import { setImmediate as nextTurn } from 'node:timers/promises'
import { type SQL, sql } from 'drizzle-orm'
import { type CivilDate, instantOf } from '../lib/civil-date.ts'
import { monthsOf, type Period } from './report-period.ts'
import type { CycleFacts } from './report-rules.ts'
import type { Area, ReportScope } from './report-scope.ts'

/** So many cycles of a month with the same facts and language; '' where nobody was written to. */
export type CycleGroup = { month: string; language: string; facts: CycleFacts; cycles: number }

/**
 * The cycles whose last lawful day lies in `period`, which must be over, counted by their facts. One query a month; other
 * work of the process gets its turn between two.
 */
export async function cycleGroups(scope: ReportScope, area: Area, period: Period): Promise<CycleGroup[]> {
  const groups: CycleGroup[] = []
  for (const { month, ...days } of monthsOf(period)) {
    const rows = await scope.read.all<Row>(factsQuery(scope, area, days))
    groups.push(...rows.map((row) => groupOf(month, row)))
    await nextTurn()
  }
  return groups
}

type Bit = number | string
type Row = Record<
  | 'told'
  | 'sponsor_told'
  | 'attempted'
  | 'noticed'
  | 'withdrawn'
  | 'known_late'
  | 'renewed'
  | 'renewed_by'
  | 'renewed_before'
  | 'extended'
  | 'extended_by'
  | 'corrected'
  | 'cycles',
  Bit
> & { language: string; held: CycleFacts['held']; case_is: CycleFacts['case'] }

function groupOf(month: string, row: Row): CycleGroup {
  const is = (bit: Bit) => Number(bit) === 1
  return {
    month,
    language: row.language,
    cycles: Number(row.cycles),
    facts: {
      told: is(row.told),
      sponsorTold: is(row.sponsor_told),
      attempted: is(row.attempted),
      noticed: is(row.noticed),
      withdrawn: is(row.withdrawn),
      knownLate: is(row.known_late),
      successor: !is(row.renewed) ? 'none' : is(row.renewed_by) ? 'in-time' : 'later',
      successorBeforeTold: is(row.renewed_before),
      extended: !is(row.extended) ? 'no' : is(row.extended_by) ? 'in-time' : 'later',
      corrected: is(row.corrected),
      held: row.held,
      case: row.case_is,
    },
  }
}

/** `period` lies in one month. */
function factsQuery({ office }: Pick<ReportScope, 'office'>, area: Area, { from, to }: Period): SQL {
  // The end of a day as an instant; Indonesia's zones keep their offset all the year.
  const monthBegins = instantOf(`${from.slice(0, 7)}-01` as CivilDate, '00:00', office.timeZone)
  const dayEnds = sql`(${monthBegins} + cast(substr(b.expires_on, 9, 2) as bigint) * 86400000)`
  const bornAfter = sql`((cast(substr(b.expires_on, 1, 4) as integer) - 18) || substr(b.expires_on, 5))`
  const bit = (condition: SQL) => sql`case when ${condition} then 1 else 0 end`
  const answered = (role: string) => sql`exists (
    select 1 from acknowledgements a where a.cycle_id = b.cycle_id and a.role = ${role} and a.at < ${dayEnds})`
  const held = sql`(
    select min(case when h.reason in ('applied', 'left') then h.reason else 'other' end)
    from holds h
    where h.resident_id = p.resident_id and h.set_at < ${dayEnds}
      and (h.lifted_at is null or h.lifted_at >= ${dayEnds}) and (h.until_on is null or h.until_on >= b.expires_on))`
  const confirmed = sql`(d.state = 'delivered' or (d.state = 'read' and d.channel <> 'call'))`
  return sql`
    with base as (
      select c.id as cycle_id, c.permit_id, c.resident_id, c.expires_on
      from cycles c where c.expires_on >= ${from} and c.expires_on <= ${to}
      union all
      select 0, p.id, p.resident_id, p.expires_on
      from permits p
      where p.is_current in (0, 1) and p.expires_on >= ${from} and p.expires_on <= ${to}
        and not exists (select 1 from cycles c where c.permit_id = p.id and c.expires_on = p.expires_on)
    ), tellings as (
      select b.cycle_id, min(n.created_on) as first_on,
        min(case when dn.role = 'resident' and ${confirmed} then n.created_on end) as resident_on,
        min(case when dn.role = 'sponsor' and ${confirmed} then n.created_on end) as sponsor_on,
        max(${bit(sql`d.attempts > 0`)}) as attempted,
        max(${bit(sql`d.attempts = 0 and d.state = 'cancelled' and d.reason in ('renewed', 'held', 'permit_over')`)})
          as withdrawn,
        min(case when dn.role = 'resident' then d.language end) as language
      from base b
      join notices n on n.cycle_id = b.cycle_id and n.stage >= 0
      left join delivery_notices dn on dn.notice_id = n.id
      left join deliveries d on d.id = dn.delivery_id
      group by b.cycle_id
    ), evidence as materialized (
      select b.expires_on, p.expires_on as permit_ends, p.known_since,
        t.first_on, t.resident_on, t.sponsor_on, t.attempted, t.withdrawn, t.language,
        ${bit(sql`r.birth_date > ${bornAfter}`)} as minor,
        ${bit(answered('resident'))} as answered,
        ${bit(answered('sponsor'))} as sponsor_answered,
        ${bit(sql`exists (
          select 1 from follow_ups f
          where f.resident_id = b.resident_id and f.kind = 'phone' and f.cycle_id = b.cycle_id
            and f.outcome = 'reached' and f.closed_at < ${dayEnds})`)} as phoned,
        (select min(coalesce(q.issued_on, q.known_since)) from permits q
          where q.resident_id = p.resident_id and q.id <> p.id and q.expires_on > b.expires_on
            and (q.issued_on is null or p.issued_on is null or q.issued_on >= p.issued_on)) as renewed_on,
        coalesce(${held}, 'no') as held,
        case when k.id is null then 'none' when k.closed_at is null then 'open' else coalesce(k.outcome, 'open') end
          as case_is
      from base b
      join permits p on p.id = b.permit_id
      join residents r on r.id = b.resident_id
      left join tellings t on t.cycle_id = b.cycle_id
      left join overstay_cases k on k.cycle_id = b.cycle_id
      where ${area.here}
    ), facts as (
      select coalesce(language, '') as language, case_is, held,
        ${bit(sql`resident_on is not null or answered = 1 or phoned = 1
          or (minor = 1 and (sponsor_on is not null or sponsor_answered = 1))`)} as told,
        ${bit(sql`sponsor_on is not null or sponsor_answered = 1`)} as sponsor_told,
        ${bit(sql`attempted = 1`)} as attempted,
        ${bit(sql`first_on is not null`)} as noticed,
        ${bit(sql`withdrawn = 1`)} as withdrawn,
        ${bit(sql`permit_ends = expires_on and known_since > expires_on`)} as known_late,
        ${bit(sql`renewed_on is not null`)} as renewed,
        ${bit(sql`renewed_on <= expires_on`)} as renewed_by,
        ${bit(sql`renewed_on < coalesce(resident_on, case when minor = 1 then sponsor_on end, first_on)`)}
          as renewed_before,
        ${bit(sql`permit_ends > expires_on`)} as extended,
        ${bit(sql`permit_ends > expires_on and known_since <= expires_on`)} as extended_by,
        ${bit(sql`permit_ends < expires_on`)} as corrected
      from evidence
    )
    select language, case_is, held, told, sponsor_told, attempted, noticed, withdrawn,
      known_late, renewed, renewed_by, renewed_before, extended, extended_by, corrected, count(*) as cycles
    from facts
    group by language, case_is, held, told, sponsor_told, attempted, noticed, withdrawn,
      known_late, renewed, renewed_by, renewed_before, extended, extended_by, corrected`
}
