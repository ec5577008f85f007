import { desc, isNull } from 'drizzle-orm'
import type { Reader } from '../db/open.ts'
import type { Tables } from '../db/schema.ts'
import type { MailRow } from './mail-rules.ts'

type Alarm = Tables['alarms']['$inferSelect']

/** One thing to tell the operator: an alarm was raised, or is over. Each is told once. */
export type AlarmEvent = { about: string; alarm: Alarm; what: 'raised' | 'cleared' }

/** What nobody heard of in time is not told any more. */
const STALE_MS = 24 * 3_600_000
const LATEST = 200

/** Every open alarm, and the latest of the others. */
export async function recentAlarms(reader: Reader): Promise<Alarm[]> {
  const { alarms } = reader.t
  const open = await reader.select().from(alarms).where(isNull(alarms.cleared_at))
  const latest = await reader.select().from(alarms).orderBy(desc(alarms.id)).limit(LATEST)
  const byId = new Map([...open, ...latest].map((alarm) => [alarm.id, alarm]))
  return [...byId.values()].sort((a, b) => a.id - b.id)
}

/** Both abouts of an alarm. */
export function aboutsOf({ id }: Pick<Alarm, 'id'>): { raised: string; cleared: string } {
  return { raised: `alarm:${id}`, cleared: `alarm:${id}:over` }
}

/**
 * What of these is still to be told, `told` being the mails by what they are about. That mail works again needs no mail: it
 * is one.
 */
export function eventsToTell(
  alarms: readonly Alarm[],
  { told, now }: { told: ReadonlyMap<string, MailRow>; now: number },
): AlarmEvent[] {
  return alarms.flatMap((alarm): AlarmEvent[] => {
    const { raised, cleared } = aboutsOf(alarm)
    const heard = told.get(raised)?.state === 'sent'
    const fresh = alarm.cleared_at === null || now - alarm.cleared_at < STALE_MS
    if (!fresh) return []
    const events: AlarmEvent[] = heard ? [] : [{ about: raised, alarm, what: 'raised' }]
    if (alarm.cleared_at !== null && alarm.kind !== 'mail' && told.get(cleared)?.state !== 'sent')
      events.push({ about: cleared, alarm, what: 'cleared' })
    return events
  })
}

/** What a mail says of one kind: an alarm that came and went several times is told once, as it stands now. */
export type ToldAlarm = { kind: string; detail: string; since: number; until: number | null; times: number }

export function toldAlarms(events: readonly AlarmEvent[]): ToldAlarm[] {
  const alarms = [...new Map(events.map(({ alarm }) => [alarm.id, alarm])).values()]
  return [...Map.groupBy(alarms, ({ kind }) => kind)].map(([kind, of]) => {
    const last = of.at(-1)!
    return {
      kind,
      detail: last.detail,
      since: of[0]!.raised_at,
      until: last.cleared_at,
      times: of.reduce((sum, { times }) => sum + times, 0),
    }
  })
}
