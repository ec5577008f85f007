import type { App } from '../app.ts'
import { AppError } from '../lib/errors.ts'
import { stageName } from '../lib/stage-name.ts'
import { isLoopbackHost } from '../lib/web-address.ts'
import { dateOption } from './options.ts'
import type { ExitCode, Output } from './output.ts'

/** `scan`: today's notices and deliveries; cases opened and escalated; what officers must do. */
export async function scanCommand(
  app: App,
  output: Output,
  options: { today?: string; dryRun: boolean },
): Promise<ExitCode> {
  const today = options.today === undefined ? undefined : dateOption('--today', options.today)
  if (today !== undefined && !options.dryRun && !isLoopback(app.config.twilio.apiBaseUrl)) {
    throw new AppError('usage', '--today needs --dry-run unless TWILIO_API_BASE_URL is on this machine')
  }
  const scanned = await app.scan({ ...(today === undefined ? {} : { today }), dryRun: options.dryRun })
  if (options.dryRun) {
    output.line(
      `would tell: ${scanned.notices_new} notices, ${scanned.notices_reopened} reopened ${stages(scanned.by_stage)}`,
    )
    output.result({ dry_run: true, ...scanned })
    return 0
  }
  const overstay = await app.overstay()
  const follow_ups = await app.attend()
  output.line(
    `notices ${scanned.notices_new} ${stages(scanned.by_stage)}, deliveries ${scanned.deliveries_new}, superseded ${scanned.superseded}`,
  )
  output.line(`cases opened ${overstay.opened}, escalated ${overstay.escalated}`)
  output.result({ ...scanned, overstay, follow_ups })
  return 0
}

function stages(by: Record<string, number>): string {
  const parts = Object.entries(by).map(([stage, count]) => `${stageName(Number(stage))}: ${count}`)
  return parts.length === 0 ? '' : `(${parts.join(', ')})`
}

function isLoopback(url: string | undefined): boolean {
  return url !== undefined && isLoopbackHost(new URL(url).hostname)
}
