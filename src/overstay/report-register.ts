import { sql } from 'drizzle-orm'
import type { Area, ReportScope } from './report-scope.ts'

/** `key` is '' where the register does not say; `valid` of them have a permit that is not over. */
export type Headcount = { key: string; residents: number; valid: number }

export type RegisterFigures = {
  residents: number
  valid: number
  /** The most people first. */
  regencies: Headcount[]
  nationalities: Headcount[]
  purposes: Headcount[]
}

/** The register as it stands today: of an earlier day nothing is kept. */
export async function registerFigures({ read, today }: ReportScope, area: Area): Promise<RegisterFigures> {
  // The plus keeps SQLite, which has no statistics here, from walking all current permits for each resident.
  const rows = await read.all<Record<'residents' | 'valid', number | string> & Record<Dimension, string | null>>(sql`
    select r.regency, r.nationality, r.purpose, count(*) as residents, count(p.id) as valid
    from residents r
    left join permits p on p.resident_id = r.id and +p.is_current = 1 and p.expires_on >= ${today}
    where ${area.here} and r.erased_at is null
    group by r.regency, r.nationality, r.purpose`)
  const counted = rows.map((row) => ({ ...row, residents: Number(row.residents), valid: Number(row.valid) }))
  return {
    ...sum(counted),
    regencies: headcounts(counted, 'regency'),
    nationalities: headcounts(counted, 'nationality'),
    purposes: headcounts(counted, 'purpose'),
  }
}

type Dimension = 'regency' | 'nationality' | 'purpose'
type Counted = { residents: number; valid: number } & Record<Dimension, string | null>

/** "Bekerja" and "bekerja" are one purpose, under the spelling most people have. */
function headcounts(rows: readonly Counted[], dimension: Dimension): Headcount[] {
  const spelled = (row: Counted) => (row[dimension] ?? '').replace(/\s+/g, ' ').trim()
  const groups = Map.groupBy(rows, (row) => spelled(row).toLowerCase())
  return [...groups.values()]
    .map((group) => {
      const spellings = Map.groupBy(group, spelled)
      const [key] = [...spellings].sort(([, a], [, b]) => sum(b).residents - sum(a).residents)[0]!
      return { key, ...sum(group) }
    })
    .sort((a, b) => b.residents - a.residents || (a.key < b.key ? -1 : 1))
}

function sum(rows: readonly { residents: number; valid: number }[]): { residents: number; valid: number } {
  const total = { residents: 0, valid: 0 }
  for (const row of rows) {
    total.residents += row.residents
    total.valid += row.valid
  }
  return total
}
