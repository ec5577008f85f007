import type { Line } from '../db/schema.ts'
import type { Channel, PlannedChannel } from '../lib/office.ts'

/** What is known of one person's phone for one notice. */
export type PhoneState = {
  line: Line | null
  /** Channels that are opted out of or dead for this number. */
  closed: readonly Channel[]
  /** Opted in, and an approved template exists in the language. */
  whatsapp: boolean
}

/** The channels that a plan means for this phone: `voice` by WhatsApp where agreed, else by call; a closed one gives way to another that speaks. */
export function channelsFor(planned: readonly PlannedChannel[], phone: PhoneState): Channel[] {
  const chosen = new Set<Channel>()
  for (const wanted of planned) {
    const order: Channel[] =
      wanted === 'sms' ? ['sms', 'call'] : phone.whatsapp ? ['whatsapp', 'call', 'sms'] : ['call', 'sms']
    const open = order.find((channel) => isOpen(channel, phone))
    if (open) chosen.add(open)
  }
  return [...chosen]
}

/**
 * The next channel for a notice and a person after one did not reach them, or null when every channel was tried or is closed.
 * `tried` are the channels that this notice and role already has a delivery for.
 */
export function nextChannel(tried: readonly Channel[], phone: PhoneState): Channel | null {
  const order: Channel[] = ['call', 'sms']
  return order.find((channel) => !tried.includes(channel) && isOpen(channel, phone)) ?? null
}

/** No channel at all is left for this phone. */
export function isClosed(phone: PhoneState): boolean {
  return channelsFor(['sms', 'voice'], phone).length === 0
}

function isOpen(channel: Channel, phone: PhoneState): boolean {
  if (phone.closed.includes(channel)) return false
  return channel !== 'sms' || phone.line !== 'fixed'
}
