import { eq } from 'drizzle-orm'
import type { App } from '../app.ts'
import { dateAt } from '../lib/civil-date.ts'
import { officeOption } from './options.ts'

/**
 * The program as one office sees it: its residents, words, day.
 * @throws AppError `usage` for a code that no office here has
 */
export function atOffice(app: App, code: string): App {
  const office = officeOption(app.offices, code)
  return {
    ...app,
    office,
    templates: app.templatesOf(code),
    today: () => dateAt(app.clock.now(), office.timeZone),
    importFile: (options) => app.importFile({ officeCode: code, ...options }),
  }
}

/** As the office of this resident sees it; as it is where there is no such resident. */
export async function atOfficeOf(app: App, residentId: number): Promise<App> {
  const { residents } = app.db.t
  const [row] = await app.db.read
    .select({ code: residents.office_code })
    .from(residents)
    .where(eq(residents.id, residentId))
  return row ? atOffice(app, row.code) : app
}
