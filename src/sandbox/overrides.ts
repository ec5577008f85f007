export type RetryReason = '4xx' | '5xx' | 'ct' | 'rt'

export type Overrides = {
  /** The URL as it is requested and signed: without the fragment. */
  url: string
  readTimeoutMs: number
  totalTimeoutMs: number
  retries: number
  retryOn: ReadonlySet<RetryReason>
}

const reasons: readonly RetryReason[] = ['4xx', '5xx', 'ct', 'rt']

/**
 * The connection overrides in a webhook URL's fragment, as in `#rc=5&rp=all`; values out of range fall back to the
 * default. https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
 */
export function readOverrides(text: string): Overrides {
  const [url = '', fragment = ''] = text.split('#', 2)
  const pairs = new URLSearchParams(fragment)
  const policy = (pairs.get('rp') ?? 'ct').split(',')
  return {
    url,
    readTimeoutMs: within(pairs.get('rt'), 100, 15_000) ?? 15_000,
    totalTimeoutMs: within(pairs.get('tt'), 100, 15_000) ?? 15_000,
    retries: within(pairs.get('rc'), 0, 5) ?? 1,
    retryOn: new Set(policy.includes('all') ? reasons : reasons.filter((reason) => policy.includes(reason))),
  }
}

function within(text: string | null, from: number, to: number): number | undefined {
  if (text === null || !/^\d+$/.test(text)) return undefined
  const value = Number(text)
  return value >= from && value <= to ? value : undefined
}
