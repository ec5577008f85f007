import { z } from 'zod'

const templateSchema = z.strictObject({
  /** With `{{1}}`, `{{2}}` … for the content variables. */
  body: z.string(),
  buttons: z.array(z.strictObject({ text: z.string(), payload: z.string() })).default([]),
})

/** What is set once at the carrier's console, and how hard the carrier makes it for its client. */
export const behaviourSchema = z.strictObject({
  /** The senders this account owns; left out, every well-formed sender is its own. WhatsApp senders are `whatsapp:+…`. */
  senders: z
    .strictObject({ sms: z.array(z.string()), calls: z.array(z.string()), whatsapp: z.array(z.string()) })
    .optional(),
  /** Sender pools by `MG…`; left out, any messaging service sends from the first SMS sender. */
  messagingServices: z.record(z.string(), z.array(z.string())).optional(),
  /** Approved templates by `HX…`; left out, any well-formed sid shows its variables and one button "Dengarkan". */
  contents: z.record(z.string(), templateSchema).optional(),
  /** Where an inbound message goes. */
  messageUrl: z.url().optional(),
  /** Where an inbound call goes. */
  voiceUrl: z.url().optional(),
  /** For so long (clock) a new resource shows `date_sent`, `start_time` and `from` as null. */
  incompleteForMs: z.number().nonnegative().default(0),
  /** For so long (clock) a new resource is missing from lists; fetching it by sid works at once. */
  listingDelayMs: z.number().nonnegative().default(0),
  /** For so long (clock) a message or call waits in the carrier's queue. */
  queueForMs: z.number().nonnegative().default(0),
  /** The account's credentials are test credentials: magic numbers, nothing stored, nothing called back. */
  testCredentials: z.boolean().default(false),
})

export type Behaviour = z.infer<typeof behaviourSchema>
export type Template = z.infer<typeof templateSchema>

/** The sender that a message goes out from: the one asked for, else the first of the service's pool. */
export function senderFor(
  { senders, messagingServices }: Behaviour,
  { from, service, channel }: { from: string | null; service: string | null; channel: 'sms' | 'whatsapp' },
): string {
  const pool = (service === null ? undefined : messagingServices?.[service]) ?? senders?.[channel] ?? []
  return from ?? pool[0] ?? (channel === 'sms' ? 'SANDBOX' : 'whatsapp:+15005550006')
}

/** Throws a ZodError on a name or value it does not know. */
export function readBehaviour(part: Readonly<Record<string, unknown>>): Behaviour {
  return behaviourSchema.parse(part)
}
