import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { canMakeDisks } from '../scripts/drills/small-disk.ts'
import { PROJECT_DIR } from '../src/config.ts'

const possible = canMakeDisks()
if (!possible) process.stderr.write('not tried: this system lets nobody mount a small disk (unshare, tmpfs)\n')

describe('the daemon on a disk that is full in the middle of its work', () => {
  it.skipIf(!possible)(
    'lives, says so, answers the carrier with "later", and tells everybody once when there is room again',
    async () => {
      const args = ['--residents', '80', '--rate', '16', '--seconds', '2', '--json']
      const child = spawn(process.execPath, [join(PROJECT_DIR, 'scripts/drills/full-disk.ts'), ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const output = child.stdout.toArray()
      const [code] = (await once(child, 'exit')) as [number]
      const result = JSON.parse(String((await output).join(''))) as Record<string, unknown>
      expect(result).toMatchObject({
        told_twice: 0,
        never_told: 0,
        wrongly_marked: 0,
        half_files: 0,
        still_alive: true,
        exit_code: 0,
        alarm_seen: true,
        log_clear: true,
        webhook_after: 204,
        pinches: [
          { webhook: 503, readyz: '503 not ready: disk' },
          { webhook: 503, readyz: '503 not ready: disk' },
        ],
      })
      expect(code).toBe(0)
    },
    240_000,
  )
})
