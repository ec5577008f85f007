import { describe, expect, it } from 'vitest'
import { locked } from '../scripts/drills/locked.ts'

describe('while another program holds the database for three seconds', () => {
  it('the daemon stays awake, webhooks wait and are kept, and everybody is told once', async () => {
    const result = await locked({ residents: 30, perSecond: 8, seconds: 3, seed: 1 })
    expect(result).toMatchObject({
      told_twice: 0,
      never_told: 0,
      wrongly_marked: 0,
      still_alive: true,
      exit_code: 0,
      webhooks: [204],
      readyz: ['200 ready'],
      alarms: [],
      outcomes_not_recorded: 0,
    })
    expect(result.webhook_slowest_ms).toBeGreaterThan(1_500)
    // One that waited for the database would have answered once, when all was over.
    expect(result.healthz_answers).toBeGreaterThan(4)
  }, 120_000)
})
