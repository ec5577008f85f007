import { describe, expect, it } from 'vitest'
import { type Line, linesOf, longestLine } from './csv-lines.ts'

async function lines(chunks: string[], from: Parameters<typeof linesOf>[1] = {}): Promise<Line[]> {
  async function* bytes() {
    for (const chunk of chunks) yield Buffer.from(chunk)
  }
  return await Array.fromAsync(linesOf(bytes(), from))
}

describe('linesOf', () => {
  it('numbers lines and counts their bytes across chunks', async () => {
    const found = await lines(['ab\r', '\ncd', 'e\n\nf'], { offset: 3, number: 7 })
    expect(found.map(({ number, offset, end, bytes }) => [number, offset, end, bytes.toString()])).toEqual([
      [7, 3, 7, 'ab'],
      [8, 7, 11, 'cde'],
      [9, 11, 12, ''],
      [10, 12, 13, 'f'],
    ])
  })

  it('cuts a line that is too long, and still knows where the next begins', async () => {
    const megabyte = 'x'.repeat(1024 * 1024)
    const size = 1024 * 1024
    const found = await lines([...Array.from({ length: 20 }, () => megabyte), 'y\nnext'])
    expect(found.map(({ cut, offset, bytes }) => [cut, offset, bytes.length])).toEqual([
      [true, 0, expect.toSatisfy((length: number) => length < longestLine / 8)],
      [false, 20 * size + 2, 4],
    ])
  })
})
