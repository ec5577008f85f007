import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { PROJECT_DIR } from '../src/config.ts'

const run = promisify(execFile)
const SCRIPT = join(PROJECT_DIR, 'scripts/drills/office-day.ts')
/** On the second of these days clocks go forward in New York, in the middle of the office's Sunday. */
const FIRST = '2026-03-07'

describe('the zone of the host', () => {
  it('shows in nothing that is sent and in no duty: UTC, New York in its change of clocks, and fourteen hours ahead', async () => {
    const [utc, newYork, kiritimati] = await Promise.all(
      ['UTC', 'America/New_York', 'Pacific/Kiritimati'].map(async (TZ) => {
        const { stdout } = await run(process.execPath, [SCRIPT, FIRST], { env: { PATH: process.env.PATH, TZ } })
        return stdout
      }),
    )
    expect(utc).toMatch(/^2026-03-08T01:00:00Z sms /m)
    expect(utc).toMatch(/^2026-03-08T02:00:00Z call /m)
    expect(newYork).toBe(utc)
    expect(kiritimati).toBe(utc)
  }, 60_000)
})
