import { execFile } from 'node:child_process'
import { appendFileSync, existsSync, mkdtempDisposableSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { PROJECT_DIR } from '../src/config.ts'

const run = promisify(execFile)
const MODULES = join(PROJECT_DIR, 'node_modules')

describe('the installer', () => {
  it('installs, upgrades with a backup and without touching what the office edited, and rolls back', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'tenggat-install-'))
    const root = folder.path
    const at = (path: string) => join(root, path)
    const install = (...more: string[]) =>
      run(join(PROJECT_DIR, 'scripts', 'install'), ['--root', root, ...more], { timeout: 120_000 })

    const { stdout } = await install('--modules', MODULES, '--admin', 'budi')
    expect(stdout).toContain('One-time password of budi')
    expect(stdout).toContain('not started yet')
    expect(existsSync(at('etc/tenggat/keys/secret.key'))).toBe(true)
    expect(existsSync(at('var/lib/tenggat/tenggat.db'))).toBe(true)
    expect(readFileSync(at('etc/systemd/system/tenggat.service'), 'utf8')).toContain('WatchdogSec=')
    const first = readlinkSync(at('opt/tenggat/current'))

    appendFileSync(at('etc/tenggat/templates/office.yaml'), '\n# edited at the office\n')
    // As if the first release had come with other words.
    writeFileSync(at(`opt/tenggat/${first}/templates/office.yaml`), 'older')
    writeFileSync(at(`opt/tenggat/${first}/templates/nl.yaml`), 'older')
    writeFileSync(at('etc/tenggat/templates/nl.yaml'), 'older')
    const upgraded = await install('--modules', MODULES)
    expect(upgraded.stdout).toContain('backup before the upgrade')
    expect(upgraded.stdout).toContain('edited by you, kept')
    const second = readlinkSync(at('opt/tenggat/current'))
    expect(second).not.toBe(first)
    expect(readlinkSync(at('opt/tenggat/previous'))).toBe(first)
    const own = (file: string) => readFileSync(at(`etc/tenggat/templates/${file}`), 'utf8')
    const programs = (file: string) => readFileSync(join(PROJECT_DIR, 'templates', file), 'utf8')
    expect(own('office.yaml')).toContain('# edited at the office')
    expect(own('office.yaml.new')).toBe(programs('office.yaml'))
    expect(own('nl.yaml')).toBe(programs('nl.yaml'))

    await install('--roll-back')
    expect(readlinkSync(at('opt/tenggat/current'))).toBe(first)
    expect(own('office.yaml')).toContain('# edited at the office')
  }, 240_000)
})
