import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sharedStrings, sheetRows } from '../src/register/xlsx-sheet.ts'
import { readZipDirectory, readZipEntry } from '../src/register/zip.ts'

const LIMIT = { limit: 50_000_000 }

/** The cells of each sheet in order, as a spreadsheet program would read them; and whether any holds a formula. */
export async function readWorkbook(bytes: Uint8Array): Promise<{ sheets: string[][][]; formulas: boolean }> {
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-xlsx-'))
  const file = join(folder, 'a.xlsx')
  try {
    writeFileSync(file, bytes)
    const parts = await readZipDirectory(file)
    const entry = (name: string) => readZipEntry(file, parts.get(name)!, LIMIT)
    const strings = parts.has('xl/sharedStrings.xml') ? await sharedStrings(entry('xl/sharedStrings.xml')) : []
    const names = [...parts.keys()].filter((name) => /^xl\/worksheets\/sheet\d+\.xml$/.test(name)).sort()
    const sheets: string[][][] = []
    let formulas = false
    for (const name of names) {
      const rows = await Array.fromAsync(sheetRows(entry(name), { strings, dateStyles: [], from1904: false }))
      sheets.push(rows.map(({ cells }) => cells))
      const xml = Buffer.concat(await Array.fromAsync(entry(name))).toString('utf8')
      formulas ||= xml.includes('<f>') || xml.includes('<f ')
    }
    return { sheets, formulas }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
