import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PROJECT_DIR } from '../src/config.ts'

const read = (file: string) => readFileSync(join(PROJECT_DIR, file), 'utf8')
const rows = [...read('docs/security.md').matchAll(/^\| \*\*(\d+\.\d+\.\d+)\*\* \| (.+?) \| (.+?) \|(.*)\|$/gm)].map(
  ([, number, demand, does, proof]) => ({ number: number!, demand: demand!, does: does!, proof: proof!.trim() }),
)
/** Nothing that a test could run: what is written down, or what is not there. */
const UNTESTED = /^does not apply|^not done|^above$|^none$|^the program redirects nobody|^only on request/
const proofs = rows.flatMap(({ number, proof }) =>
  proof === '' ? [] : proof.split('<br>').map((one) => ({ number, one })),
)

describe('the table of docs/security.md', () => {
  it('goes through the chapters in order, each demand once', () => {
    const numbers = rows.map(({ number }) => number)
    const inOrder = numbers.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    expect(numbers).toEqual(inOrder)
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(new Set(numbers.map((number) => Number(number.split('.')[0])))).toEqual(
      new Set(Array.from({ length: 16 }, (_, index) => index + 1)),
    )
  })

  it.each(rows)('has a proof, or a reason for none: $number $demand', ({ proof, does }) => {
    if (proof === '') expect(does).toMatch(UNTESTED)
  })

  it.each(proofs)('names a test that exists: $number $one', ({ one }) => {
    const [, file, title] = /^`([^`]+\.test\.ts)` › (.+)$/.exec(one)!
    const escaped = title!.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll("'", "(?:'|\\\\')")
    expect(read(file!)).toMatch(new RegExp(`\\(\\s*(['"\`])${escaped}\\1`))
  })
})
