import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PROJECT_DIR } from '../src/config.ts'

type Locked = { integrity?: string; license?: string; hasInstallScript?: boolean; dev?: boolean; resolved?: string }

const read = (file: string) => readFileSync(join(PROJECT_DIR, file), 'utf8')
const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
const locked = Object.entries((JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }).packages)
const packages = locked.filter(([path]) => path !== '')

/** Each may stand together with GPL-3.0 in one program. */
const LICENCES = new Set([
  '0BSD',
  'Apache-2.0',
  '(MIT AND Zlib)',
  'BSD-3-Clause',
  'GPL-3.0',
  'ISC',
  'LGPL-3.0-or-later',
  'MIT',
  'MIT OR Apache-2.0',
  'MIT-0',
  'MPL-2.0',
  'OFL-1.1',
  'Python-2.0',
])
/** Its package says nothing; its LICENSE file is the MIT licence. */
const UNSTATED = new Set(['node_modules/png-js'])

describe('what the program is built on', () => {
  it('is pinned to one version and one checksum each', () => {
    expect(Object.values(dependencies).filter((version) => !/^\d+\.\d+\.\d+/.test(version))).toEqual([])
    expect(packages.filter(([, one]) => !one.integrity?.startsWith('sha512-')).map(([path]) => path)).toEqual([])
  })

  it('runs no code when it is installed', () => {
    expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m)
  })

  it('may be distributed under the licence of the program', () => {
    const doubtful = packages.filter(([path, { license }]) => !LICENCES.has(license ?? '') && !UNSTATED.has(path))
    expect(doubtful.map(([path, { license }]) => `${path} ${license}`)).toEqual([])
  })

  it('is justified line by line, with no line too many', () => {
    const lines = [...read('docs/dependencies.md').matchAll(/^\| `([^`]+)` \| (.{10,}) \|$/gm)].map(([, name]) => name)
    expect(lines).toEqual(Object.keys(dependencies))
  })

  it('is used', () => {
    const source = globSync('{src,scripts}/**/*.ts', { cwd: PROJECT_DIR })
      .filter((file) => !/\.test\.ts$|testing/.test(file))
      .map(read)
      .join('\n')
    // Fonts are found by the name of a script.
    const named = Object.keys(dependencies).filter((name) => !name.startsWith('@fontsource'))
    expect(named.filter((name) => !source.includes(name))).toEqual([])
  })
})
