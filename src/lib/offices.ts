import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { AppError } from './errors.ts'
import { loadOffice, type Office } from './office.ts'

/** The offices that one program serves, usually one. */
export type Offices = {
  /** That of OFFICE_FILE. What concerns the whole program is its: rates, prices, retention, sign-in, backups. */
  home: Office
  /** `home` comes first, where it is among them. */
  all: readonly Office[]
  /** There are more than one in `all`. */
  several: boolean
  /** These are all there are: nothing has to be told apart by them. */
  whole: boolean
  /** @throws RangeError for a code that is none of `all` */
  of(code: string): Office
}

/** @param all at least one, the home office first */
export function officesOf(all: readonly Office[]): Offices {
  return someOf({ home: all[0]!, all, whole: true })
}

/** As many sets as there are time zones: within one it is the same day everywhere. */
export function byTimeZone(offices: Offices): Offices[] {
  const zones = Map.groupBy(offices.all, ({ timeZone }) => timeZone)
  if (zones.size === 1) return [offices]
  return [...zones.values()].map((all) => someOf({ home: offices.home, all, whole: false }))
}

/** One of several, alone; the same set where it is the only one. */
export function onlyOffice(offices: Offices, code: string): Offices {
  if (!offices.several) return offices
  return someOf({ home: offices.home, all: [offices.of(code)], whole: false })
}

/**
 * The office of `file`, and of each folder `offices/CODE/` beside it that of `office.yaml`: a file that names what is
 * its own and leaves the rest to `file`.
 * @throws AppError `config` that names every fault in every file
 */
export async function loadOffices(file: string): Promise<Offices> {
  const home = await loadOffice(file)
  const further: Office[] = []
  const faults: string[] = []
  for (const { code, folder } of officeFolders(file)) {
    const own = join(folder, 'office.yaml')
    try {
      const office = await loadOffice(own, { base: file })
      if (office.code === home.code) faults.push(`office file ${own}: code ${office.code} is that of ${file}`)
      else if (office.code !== code) faults.push(`office file ${own}: code is ${office.code}; its folder is ${code}`)
      else further.push(office)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      faults.push(error.message)
    }
  }
  if (faults.length > 0) throw new AppError('config', faults.join('\n'))
  return officesOf([home, ...further])
}

/** Where further offices keep their file and the languages they say in their own words. */
export function officeFolders(file: string): { code: string; folder: string }[] {
  const parent = join(dirname(file), 'offices')
  if (!existsSync(parent)) return []
  return readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ code: name, folder: join(parent, name) }))
    .sort((a, b) => (a.code < b.code ? -1 : 1))
}

function someOf({ home, all, whole }: Pick<Offices, 'home' | 'all' | 'whole'>): Offices {
  const byCode = new Map(all.map((office) => [office.code, office]))
  return {
    home,
    all,
    several: all.length > 1,
    whole,
    of(code) {
      const office = byCode.get(code)
      if (!office) throw new RangeError(`there is no office ${code} here`)
      return office
    },
  }
}
