import type { App } from '../app.ts'
import { allOverstays, type OverstayRow } from '../overstay/case-list.ts'
import { OVERSTAY_HEADERS, overstayCells, overstayCsv, overstayXlsx } from '../overstay/export.ts'
import { type ExitCode, type Output, table } from './output.ts'
import { writePrivateFile } from './private-file.ts'

/** `overstays`: the officers' list on the terminal, as CSV, as XLSX, as JSON. */
export async function overstaysCommand(
  app: App,
  output: Output,
  options: { csv?: string; xlsx?: string },
): Promise<ExitCode> {
  const { timeZone } = app.office
  const rows: OverstayRow[] = []
  for await (const row of allOverstays(app.db.read, { office: app.office, today: app.today() })) rows.push(row)
  if (options.csv) {
    writePrivateFile(options.csv, (await Array.fromAsync(overstayCsv(each(rows), timeZone))).join(''))
  }
  if (options.xlsx) writePrivateFile(options.xlsx, await overstayXlsx(each(rows), timeZone))
  const cells = rows.map((row) => overstayCells(row, timeZone).map(String))
  for (const line of table([OVERSTAY_HEADERS, ...cells])) output.line(line)
  output.line(`${rows.length} kasus terbuka`)
  output.result({ today: app.today(), overstays: rows })
  return 0
}

async function* each<Row>(rows: readonly Row[]): AsyncGenerator<Row> {
  yield* rows
}
