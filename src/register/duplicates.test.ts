import { describe, expect, it } from 'vitest'
import { type SamePermitRow, settleSamePermit } from './duplicates.ts'

function row(line: number, cells: Partial<SamePermitRow> = {}): SamePermitRow {
  const same = { permit_no: 'P1', register_no: 'R1', passport_index: 'x', nationality: 'MY' }
  return { id: line, line, ...same, resident_digest: 'a', permit_digest: 'b', ...cells }
}

describe('rows of one file with one permit number', () => {
  const other = { register_no: 'R2', passport_index: 'y' }
  const changed = { resident_digest: 'c' }

  it.each<{ says: string; rows: SamePermitRow[]; dropped: [line: number, fatal: boolean, told: boolean][] }>([
    { says: 'keep the only one', rows: [row(2)], dropped: [] },
    { says: 'drop the same line silently', rows: [row(2), row(3)], dropped: [[3, false, false]] },
    { says: 'keep the later of one person', rows: [row(2), row(3, changed)], dropped: [[2, false, true]] },
    { says: 'reject another person', rows: [row(2), row(3, other)], dropped: [[3, true, true]] },
    {
      says: 'keep the latest of the first person, whoever comes between',
      rows: [row(2), row(3, other), row(4, changed), row(5, other)],
      dropped: [
        [3, true, true],
        [2, false, true],
        [5, true, true],
      ],
    },
    {
      says: 'know a person by passport where a register number is missing',
      rows: [row(2), row(3, { ...changed, register_no: null })],
      dropped: [[2, false, true]],
    },
    {
      says: 'do not know a person by a passport of another country',
      rows: [row(2), row(3, { register_no: null, nationality: 'SG' })],
      dropped: [[3, true, true]],
    },
    {
      says: 'do not know a person who gives nothing to know them by',
      rows: [row(2, { passport_index: null }), row(3, { register_no: null })],
      dropped: [[3, true, true]],
    },
  ])('$says', ({ rows, dropped }) => {
    expect(settleSamePermit(rows).map((drop) => [drop.row.line, drop.fatal, drop.reason !== null])).toEqual(dropped)
  })

  it('name the first line to whoever is rejected', () => {
    const [rejected] = settleSamePermit([row(7), row(9, other)])
    expect([rejected!.reason!.en, rejected!.reason!.id].every((text) => /(?:line|baris) 7\b/.test(text))).toBe(true)
  })
})
