import { desc, eq } from 'drizzle-orm'
import type { Reader } from '../../db/open.ts'
import { lastWebhookAt } from '../figures.ts'
import { fault, type Trouble } from './finding.ts'

/** Epoch ms. */
export type Heard = { sentAt: number | null; heardAt: number | null }

export async function lookAtWebhooks(reader: Reader): Promise<Heard> {
  const { attempts } = reader.t
  const [sent] = await reader
    .select({ at: attempts.started_at })
    .from(attempts)
    .where(eq(attempts.outcome, 'accepted'))
    .orderBy(desc(attempts.id))
    .limit(1)
  return { sentAt: sent?.at ?? null, heardAt: await lastWebhookAt(reader) }
}

/** The carrier tells of every message within minutes; after an hour of silence it cannot reach us or is not believed. */
const SILENCE_MS = 3_600_000

export function judgeWebhooks(
  { sentAt, heardAt }: Heard,
  { now, at }: { now: number; at: (instant: number) => string },
): Trouble[] {
  if (sentAt === null || now - sentAt < SILENCE_MS || (heardAt !== null && heardAt >= sentAt - SILENCE_MS)) return []
  const last =
    heardAt === null ? 'No webhook with a good signature ever came' : `The last signed webhook came at ${at(heardAt)}`
  return [
    fault(
      `${last}, though a message was sent at ${at(sentAt)}.`,
      'Look whether PUBLIC_BASE_URL is exactly the address that the carrier calls (scheme, host, port), whether TWILIO_AUTH_TOKEN is that of the account, and at the debugger in its console.',
    ),
  ]
}
