import { sql } from 'drizzle-orm'
import type { App } from '../../src/app.ts'

/**
 * What former years have left of the residents who are there (SQLite): so many deliveries, each with its cycle and notice, one
 * attempt and three receipts, everything delivered long ago.
 */
export async function addHistory(app: App, { deliveries }: { deliveries: number }): Promise<void> {
  const { vault } = app.db
  const permits = await app.db.read.$count(app.db.t.permits)
  const each = Math.ceil(deliveries / permits)
  const at = app.clock.now() - 400 * 86_400_000
  const phone = vault.seal('+628120000000', 'deliveries.phone')
  const words = vault.seal(JSON.stringify({ channel: 'sms', body: 'x'.repeat(150) }), 'attempts.words')
  const raw = vault.seal(JSON.stringify({ MessageSid: 'x'.repeat(34), Text: 'x'.repeat(200) }), 'receipts.raw')
  const statements = [
    sql`insert into cycles (permit_id, resident_id, expires_on, created_at)
      with recursive month(n) as (select 1 union all select n + 1 from month where n < ${each})
      select p.id, p.resident_id, date('2015-01-01', '+' || month.n || ' months'), ${at}
      from permits p, month order by month.n, p.id limit ${deliveries}`,
    sql`insert into notices (cycle_id, stage, plan_stage, reference, created_on, created_at)
      select id, 14, 14, 'OLD-' || id, expires_on, ${at} from cycles`,
    sql`insert into deliveries (token_hash, office_code, channel, role, phone, phone_index, phone_country, language, stage, due_on,
        state, not_before, attempts, sid, state_since, created_at)
      select 'old ' || n.id, r.office_code, 'sms', 'resident', ${phone}, r.phone_index, 'ID', 'en', 14, n.created_on,
        'delivered', ${at}, 1, 'SMold' || n.id, ${at}, ${at}
      from notices n join cycles c on c.id = n.cycle_id join residents r on r.id = c.resident_id`,
    sql`insert into delivery_notices (delivery_id, notice_id, role, channel)
      select id, cast(substr(token_hash, 5) as integer), role, channel from deliveries`,
    sql`insert into attempts (delivery_id, number, channel, worker, words, segments, started_at, finished_at, outcome, sid)
      select id, 1, 'sms', 'former', ${words}, 1, ${at}, ${at}, 'accepted', sid from deliveries`,
    sql`insert into receipts (kind, sid, status, attempt_id, raw, signature, url, digest, received_at, applied_at)
      select 'message', a.sid, s.column1, a.id, ${raw}, 'x', '', s.column1 || a.id, ${at}, ${at}
      from attempts a, (values ('sending'), ('sent'), ('delivered')) s`,
  ]
  await app.db.write(async (tx) => {
    for (const statement of statements) await tx.run(statement)
  })
}
