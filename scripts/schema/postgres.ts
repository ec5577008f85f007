/** The schema as drizzle-kit reads it: `npm run migration -- NAME` drafts the SQL of what changed in src/db/schema.ts. */
import { postgresDialect } from '../../src/db/dialect-postgres.ts'
import { defineTables } from '../../src/db/schema.ts'
import type { Vault } from '../../src/db/seal.ts'

export const {
  imports,
  staging,
  rejects,
  residents,
  transfers,
  permits,
  holds,
  corrections,
  cycles,
  notices,
  deliveries,
  delivery_notices,
  voice_notes,
  attempts,
  receipts,
  acknowledgements,
  opt_outs,
  dead_numbers,
  pauses,
  overstay_cases,
  case_events,
  follow_ups,
  slots,
  workers,
  alarms,
  mails,
  erasures,
  told_marks,
  officers,
  sessions,
  audit,
  meta,
} = defineTables(postgresDialect({} as Vault))
