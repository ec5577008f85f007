import { describe, expect, it } from 'vitest'
import { readBytes } from './testing.ts'

const header = 'full_name,nationality,passport_no,permit_no,permit_kind,expires_on,address'

function line(name: string, n: number, address = ''): string {
  return `${name},MY,A000000${n},P-${n},ITAS,2027-01-0${n},${address}`
}

async function read(...lines: string[]) {
  return await readBytes([header, ...lines].join('\n'))
}

function reasons({ bad }: Awaited<ReturnType<typeof readBytes>>): [number, string][] {
  return bad.map(({ line: number, faults }) => [number, faults[0]!.reason.en])
}

describe('a CSV register', () => {
  it('is read with CRLF, a byte order mark, and without a last line end', async () => {
    const { file, good, bad } = await readBytes(`\ufeff${header}\r\n${line('Ana', 1)}\r\n${line('Budi', 2)}`)
    expect(file).toMatchObject({ format: 'csv', delimiter: ',', header: header.split(',') })
    expect(good.map(({ line, row }) => [line, row.fullName])).toEqual([
      [2, 'Ana'],
      [3, 'Budi'],
    ])
    expect(bad).toEqual([])
    expect(file.bytesRead()).toBe(file.bytes)
  })

  it.each([';', '\t'])('is read with the delimiter %j', async (delimiter) => {
    const { file, good } = await readBytes([header, line('Ana', 1, 'Jl. A')].join('\n').replaceAll(',', delimiter))
    expect(file.delimiter).toBe(delimiter)
    expect(good[0]!.row).toMatchObject({ fullName: 'Ana', address: 'Jl. A' })
  })

  it('is read when written by an old Mac, with CR alone', async () => {
    const { good } = await readBytes([header, line('Ana', 1), line('Budi', 2)].join('\r'))
    expect(good.map(({ line, row }) => [line, row.fullName])).toEqual([
      [2, 'Ana'],
      [3, 'Budi'],
    ])
  })

  it('may have titles above its header, and counts lines from the top of the file', async () => {
    const { good } = await readBytes(`sep=,\nDAFTAR WNA "November,,,,\n\n${header}\n\n,,,,,,\n${line('Ana', 1)}\n`)
    expect(good.map(({ line, row }) => [line, row.fullName])).toEqual([[7, 'Ana']])
  })

  it('may have line ends and doubled quotes inside quoted fields, in the header too', async () => {
    const { good, bad } = await readBytes(
      `${header.replace('passport_no', '"No.\nPaspor"')}\n"Ana ""Nana""\r\nMaria",MY,A0000001,P-1,ITAS,2027-01-01,"Jl. A, 1\nRT 2"\n${line('Budi', 2)}\n`,
    )
    expect(bad).toEqual([])
    expect(good.map(({ line, row }) => [line, row.fullName, row.address])).toEqual([
      [3, 'Ana "Nana" Maria', 'Jl. A, 1 RT 2'],
      [6, 'Budi', null],
    ])
  })

  it('keeps a quote in the middle of a field and remarks on it', async () => {
    const { good, bad } = await read(
      line('Ana "Nana" Maria', 1),
      line('"Bob" Lee', 2),
      line('Jean 5" Dupont', 3),
      line('Cici', 4),
    )
    expect(bad).toEqual([])
    expect(good.map(({ row, remarks }) => [row.fullName, remarks[0]?.reason.en])).toEqual([
      ['Ana "Nana" Maria', 'a quotation mark (") within a field was read as it stands'],
      ['"Bob" Lee', 'a quotation mark (") within a field was read as it stands'],
      ['Jean 5" Dupont', 'a quotation mark (") within a field was read as it stands'],
      ['Cici', undefined],
    ])
  })

  it('allows spaces around quoted fields', async () => {
    const { good } = await read(' "Lee, Ana" , MY , A0000001,P-1,ITAS,2027-01-01,x')
    expect(good[0]!.row).toMatchObject({ fullName: 'Lee, Ana', nationality: 'MY' })
  })

  describe('with a quote that is never closed', () => {
    const stray = 'a quotation mark (") is not closed, or stands where none may'

    it('loses that line only, to the end of the file', async () => {
      const result = await read(line('Ana', 1), line('"Budi', 2), line('Cici', 3), line('Dedi', 4))
      expect(result.good.map(({ line, row }) => [line, row.fullName])).toEqual([
        [2, 'Ana'],
        [4, 'Cici'],
        [5, 'Dedi'],
      ])
      expect(reasons(result)).toEqual([[3, stray]])
    })

    it('loses that line only, when a later quoted field closes it', async () => {
      const result = await read(line('"Budi', 2), line('Cici', 3), line('Dedi', 4, '"Jl. A, 1"'), line('Eka', 5))
      expect(result.good.map(({ row }) => [row.fullName, row.address])).toEqual([
        ['Cici', null],
        ['Dedi', 'Jl. A, 1'],
        ['Eka', null],
      ])
      expect(reasons(result)).toEqual([[2, stray]])
    })

    it('does not merge two broken lines and what stands between into one person', async () => {
      const result = await read(line('"Budi', 2), line('Cici', 3), line('Dedi"', 4), line('Eka', 5))
      expect(result.good.map(({ row }) => row.fullName)).toEqual(['Cici', 'Dedi"', 'Eka'])
      expect(reasons(result)).toEqual([[2, stray]])
    })

    it('does not merge a line that was cut off with a later one that closes its quote', async () => {
      const result = await read('"Budi', line('Cici', 3), line('Dedi"', 4), line('Eka', 5))
      expect(result.good.map(({ row }) => row.fullName)).toEqual(['Cici', 'Dedi"', 'Eka'])
      expect(reasons(result)).toEqual([[2, stray]])
    })

    it('does not merge two neighbouring broken lines', async () => {
      const result = await read(line('"Budi', 2), line('Dedi"', 4), line('Eka', 5))
      expect(result.good.map(({ row }) => row.fullName)).toEqual(['Dedi"', 'Eka'])
      expect(reasons(result)).toEqual([[2, stray]])
    })

    it('keeps every good line among a thousand broken ones', async () => {
      const lines = Array.from({ length: 2000 }, (_, i) =>
        i % 2 ? `"x,MY,A${1000 + i},P${i},ITAS,2027-01-01,` : `x,MY,A${1000 + i},P${i},ITAS,2027-01-01,`,
      )
      const { good, bad } = await read(...lines)
      expect([good.length, bad.length]).toEqual([1000, 1000])
    })
  })

  it('names a row with more fields than the header, and accepts one with fewer or with empty ones behind', async () => {
    const result = await read(`${line('Ana', 1)},,,`, line('Lee, Budi', 2, 'x'), line('Cici', 3).replace(/,$/, ''))
    expect(result.good.map(({ row }) => row.fullName)).toEqual(['Ana', 'Cici'])
    expect(reasons(result)).toEqual([
      [3, 'has 8 fields where the header has 7; perhaps a delimiter inside a field without quotation marks'],
    ])
  })

  it('rejects only the rows that hold bytes which are not UTF-8, and names the byte', async () => {
    const text = Buffer.from(
      [header, line('Ana', 1), line('Ren\u00e9', 2), line('Cici', 3), line('Dédi', 4)].join('\n'),
    )
    const at = text.indexOf('é')
    const broken = Buffer.concat([text.subarray(0, at), Buffer.from([0xe9]), text.subarray(at + 2)])
    const result = await readBytes(broken)
    expect(result.good.map(({ row }) => row.fullName)).toEqual(['Ana', 'Cici', 'Dédi'])
    expect(reasons(result)).toEqual([[3, `is not UTF-8 at byte ${at} of the file`]])
  })

  it('rejects a record of several lines as one where a byte in it is not UTF-8', async () => {
    const text = [header, line('Ana', 1, '"Jl. A\nRT\u00ff\nBlitar"'), line('Budi', 2)].join('\n')
    const result = await readBytes(Buffer.from(text, 'latin1'))
    expect(result.good.map(({ line, row }) => [line, row.fullName])).toEqual([[5, 'Budi']])
    expect(reasons(result)).toEqual([[2, `is not UTF-8 at byte ${text.indexOf('\u00ff')} of the file`]])
  })

  it.each([
    ['in one line', `"${'x'.repeat(10_000_000)}"`],
    ['without quotes', 'x'.repeat(10_000_000)],
    ['over many lines', `"${'xxxxxxxxxxxxxxxxxxxxxxxxx xxxxxxxxxxxxxxxxxx\n'.repeat(200_000)}"`],
  ])('rejects the row of a 10 MB cell, %s, and keeps the others', async (_, cell) => {
    const result = await read(line('Ana', 1), line('Budi', 2, cell), line('Cici', 3))
    expect(result.good.map(({ row }) => row.fullName)).toEqual(['Ana', 'Cici'])
    expect(result.bad).toMatchObject([
      {
        line: 3,
        faults: [{ column: 'address', fatal: true, reason: { en: 'a cell holds more than 32767 characters' } }],
      },
    ])
  })

  it('rejects a line of 40 MB without holding it', async () => {
    const result = await read(line('Ana', 1), line('Budi', 2, 'x'.repeat(40_000_000)), line('Cici', 3))
    expect(result.good.map(({ line, row }) => [line, row.fullName])).toEqual([
      [2, 'Ana'],
      [4, 'Cici'],
    ])
    expect(reasons(result)).toEqual([[3, 'the line is too long for a record']])
  })

  it('reads the same rows however the bytes are cut into pieces', async () => {
    const rows = Array.from(
      { length: 3000 },
      (_, i) => `"Nama ""${i}"" ชื่อ",MY,A${10_000 + i},P-${i},ITAS,2027-01-01,"Jl.\n${i}"`,
    )
    const { good, bad } = await readBytes(`${[header, ...rows].join('\r\n')}\r\n`)
    expect(bad).toEqual([])
    expect(good.map(({ line, row }) => [line, row.fullName])).toEqual(rows.map((_, i) => [2 + 2 * i, `Nama "${i}" ชื่อ`]))
  })
})
