import type { Office } from '../../lib/office.ts'
import type { Block, Letterhead, Rich } from '../pdf/content.ts'

/** What papers about permits and about people have in common. */
export function letterheadOf({ name, address, phone, website }: Office): Letterhead {
  return { name, lines: [address, `${phone} · ${website}`] }
}

/** Each part under its numbered heading. */
export function numbered(parts: readonly (readonly [title: string, blocks: readonly Block[]])[]): Block[] {
  return parts.flatMap(([title, blocks], at): Block[] => [
    { kind: 'heading', level: 1, text: `${at + 1}. ${title}` },
    ...blocks,
  ])
}

/** A dash where nothing is known. */
export function factsBlock(rows: readonly (readonly [label: string, value: Rich | null])[]): Block {
  return { kind: 'facts', rows: rows.map(([label, value]) => [label, value || '–']) }
}

/** What is known of these, in one line. */
export function joined(parts: readonly (string | null)[], separator = ', '): string {
  return parts.filter(Boolean).join(separator)
}
