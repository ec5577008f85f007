import { type SQL, sql } from 'drizzle-orm'
import type { CivilDate } from '../lib/civil-date.ts'
import type { PhoneNumber } from '../lib/phone.ts'
import type { Dialect } from './dialect.ts'

export type DeliveryState =
  | 'queued'
  | 'sending'
  | 'uncertain'
  | 'accepted'
  | 'sent'
  | 'delivered'
  | 'read'
  | 'undelivered'
  | 'failed'
  | 'exhausted'
  | 'cancelled'
  | 'set_aside'
export type Channel = 'sms' | 'call' | 'whatsapp'
export type Role = 'resident' | 'sponsor'
export type Answer = 'understood' | 'applied' | 'leaving' | 'help'
export type HoldReason = 'applied' | 'left' | 'refugee' | 'diplomatic' | 'died' | 'naturalised' | 'other'
export type FollowUpKind = 'phone' | 'number' | 'identity' | 'reply' | 'hold-ended' | 'kind' | 'answer'
export type Level = 'verify' | 'summon' | 'field-check' | 'over-60'
export type ReceiptKind = 'message' | 'call' | 'key' | 'reply' | 'poll'
export type Line = 'mobile' | 'fixed' | 'unknown'

/** Every table of the program, for one engine. Who writes which table: the room named above it, and no other. */
export function defineTables(d: Dialect) {
  const whereOpen = (column: string): SQL => sql.raw(`${column} is null`)

  /** What the register says of a person; staged and applied under the same names. */
  const person = () => ({
    register_no: d.text(),
    full_name: d.text().notNull(),
    nationality: d.text().notNull(),
    passport_no: d.sealed('residents.passport_no'),
    passport_index: d.text(),
    sex: d.text(),
    birth_date: d.text<CivilDate>(),
    phone: d.sealed('residents.phone'),
    phone_index: d.text(),
    phone_country: d.text(),
    phone_line: d.text<Line>(),
    whatsapp_opt_in_on: d.text<CivilDate>(),
    language: d.text(),
    address: d.sealed('residents.address'),
    regency: d.text(),
    district: d.text(),
    purpose: d.text(),
    sponsor_name: d.text(),
    sponsor_phone: d.sealed('residents.sponsor_phone'),
    sponsor_phone_index: d.text(),
    sponsor_phone_country: d.text(),
    sponsor_phone_line: d.text<Line>(),
  })

  // register
  const imports = d.table(
    'imports',
    {
      id: d.id(),
      office_code: d.text().notNull(),
      file_name: d.text().notNull(),
      file_digest: d.text().notNull(),
      format: d.text<'csv' | 'xlsx'>().notNull(),
      state: d.text<'staging' | 'staged' | 'applied' | 'refused' | 'failed'>().notNull(),
      reason: d.text(),
      forced: d.integer().notNull().default(0),
      rows: d.integer().notNull().default(0),
      added: d.integer().notNull().default(0),
      changed: d.integer().notNull().default(0),
      renewed: d.integer().notNull().default(0),
      unchanged: d.integer().notNull().default(0),
      absent: d.integer().notNull().default(0),
      rejected: d.integer().notNull().default(0),
      started_at: d.instant().notNull(),
      started_on: d.text<CivilDate>().notNull(),
      finished_at: d.instant(),
    },
    (t) => [d.index('imports_state').on(t.state)],
  )

  const staging = d.table(
    'staging',
    {
      id: d.id(),
      import_id: d
        .integer()
        .notNull()
        .references(() => imports.id),
      line: d.integer().notNull(),
      ...person(),
      permit_no: d.text().notNull(),
      permit_kind: d.text().notNull(),
      index_code: d.text(),
      issued_on: d.text<CivilDate>(),
      expires_on: d.text<CivilDate>().notNull(),
      /** Keyed digest of the resident's fields as read: sealed values cannot be compared by SQL. */
      resident_digest: d.text().notNull(),
      permit_digest: d.text().notNull(),
      resident_id: d.integer(),
      permit_id: d.integer(),
      verdict: d.text<'added' | 'changed' | 'renewed' | 'unchanged' | 'rejected'>(),
    },
    (t) => [
      d.index('staging_import_permit').on(t.import_id, t.permit_no),
      d.index('staging_import_register').on(t.import_id, t.register_no),
      d.index('staging_import_passport').on(t.import_id, t.passport_index),
      d.index('staging_import_person').on(t.import_id, t.resident_id, t.id),
    ],
  )

  const rejects = d.table(
    'rejects',
    {
      id: d.id(),
      import_id: d
        .integer()
        .notNull()
        .references(() => imports.id),
      line: d.integer().notNull(),
      column: d.text().notNull(),
      /** Personal values masked. */
      value: d.text().notNull(),
      reason: d.text().notNull(),
      reason_id: d.text().notNull(),
      /** 0: the row went in without this value. */
      fatal: d.integer().notNull(),
    },
    (t) => [d.index('rejects_import').on(t.import_id, t.line)],
  )

  const residents = d.table(
    'residents',
    {
      id: d.id(),
      office_code: d.text().notNull(),
      ...person(),
      /** What the resident chose on the page; wins over the register and survives imports. */
      chosen_language: d.text(),
      /** Set by the register: `same-person:<resident id>` (perhaps one person under two passports) or `permits` (which is current?). */
      identity_doubt: d.text(),
      register_digest: d.text().notNull(),
      first_import_id: d.integer(),
      last_import_id: d.integer(),
      created_at: d.instant().notNull(),
      updated_at: d.instant().notNull(),
      /** Nothing personal is left: what remains of the person counts in the figures of past years. */
      erased_at: d.instant(),
    },
    (t) => [
      d.uniqueIndex('residents_register_no').on(t.office_code, t.register_no),
      d.index('residents_passport').on(t.passport_index, t.nationality),
      d.index('residents_name').on(t.full_name, t.birth_date, t.nationality),
      d.index('residents_phone').on(t.phone_index),
      d.index('residents_sponsor_phone').on(t.sponsor_phone_index),
      d.index('residents_last_import').on(t.office_code, t.last_import_id),
      d.index('residents_regency').on(t.regency),
    ],
  )

  /** Who went from one office to another, with everything on record. */
  const transfers = d.table(
    'transfers',
    {
      id: d.id(),
      resident_id: d
        .integer()
        .notNull()
        .references(() => residents.id),
      from_office: d.text().notNull(),
      to_office: d.text().notNull(),
      /** An officer's name, or `import`. */
      by: d.text().notNull(),
      at: d.instant().notNull(),
    },
    (t) => [d.index('transfers_resident').on(t.resident_id)],
  )

  const permits = d.table(
    'permits',
    {
      id: d.id(),
      resident_id: d
        .integer()
        .notNull()
        .references(() => residents.id),
      /** The office that the resident belongs to. */
      office_code: d.text().notNull(),
      /** Where the resident was transferred: the office under which the permit came in, whose code its links and marks go on by. */
      came_from: d.text(),
      permit_no: d.text().notNull(),
      kind: d.text().notNull(),
      index_code: d.text(),
      issued_on: d.text<CivilDate>(),
      expires_on: d.text<CivilDate>().notNull(),
      /** 1 for the one permit of the resident that has notices and a case. Kept by the register at each import. */
      is_current: d.integer().notNull().default(0),
      register_digest: d.text().notNull(),
      first_import_id: d.integer(),
      last_import_id: d.integer(),
      /** The date of the import that brought this permit with this `expires_on`. */
      known_since: d.text<CivilDate>().notNull(),
      created_at: d.instant().notNull(),
      updated_at: d.instant().notNull(),
    },
    (t) => [
      d.uniqueIndex('permits_permit_no').on(t.office_code, t.permit_no),
      d.index('permits_resident').on(t.resident_id, t.is_current),
      // The last three columns: counting who ends soon must not look up each row, nor the scan whoever is not told so early.
      d.index('permits_due').on(t.is_current, t.expires_on, t.id, t.office_code, t.resident_id, t.kind),
      d.index('permits_kind').on(t.kind, t.is_current, t.resident_id),
      d.index('permits_last_import').on(t.office_code, t.last_import_id),
    ],
  )

  const holds = d.table(
    'holds',
    {
      id: d.id(),
      resident_id: d
        .integer()
        .notNull()
        .references(() => residents.id),
      reason: d.text<HoldReason>().notNull(),
      note: d.sealed('holds.note'),
      set_by: d.text().notNull(),
      set_at: d.instant().notNull(),
      /** Last day of the hold; null: until lifted. */
      until_on: d.text<CivilDate>(),
      lifted_by: d.text(),
      lifted_at: d.instant(),
    },
    (t) => [d.index('holds_resident').on(t.resident_id), d.index('holds_live').on(t.lifted_at, t.until_on)],
  )

  /**
   * What an officer put right in the register's data. While one is in force its value stands in `residents`, whatever a later
   * file says, and `register_value` follows the file; it ends when the file says the same, or by an officer.
   */
  const corrections = d.table(
    'corrections',
    {
      id: d.id(),
      resident_id: d
        .integer()
        .notNull()
        .references(() => residents.id),
      field: d.text<'phone' | 'sponsor_phone' | 'language'>().notNull(),
      /** Empty: the number is nobody's, and none is known. */
      value: d.sealed('corrections.value').notNull(),
      register_value: d.sealed('corrections.register_value'),
      /** What it took the place of: the number in force then; for a language, the resident's own choice, which comes back with an officer's ending. */
      former_value: d.sealed('corrections.former_value'),
      reason: d.sealed('corrections.reason').notNull(),
      made_by: d.text().notNull(),
      made_at: d.instant().notNull(),
      ended_at: d.instant(),
      /** The officer, `register` when the file caught up, or `resident` who chose a language since. */
      ended_by: d.text(),
    },
    (t) => [
      d.uniqueIndex('corrections_live').on(t.resident_id, t.field).where(whereOpen('ended_at')),
      d.index('corrections_resident').on(t.resident_id, t.id),
    ],
  )

  // scan
  const cycles = d.table(
    'cycles',
    {
      id: d.id(),
      permit_id: d
        .integer()
        .notNull()
        .references(() => permits.id),
      resident_id: d
        .integer()
        .notNull()
        .references(() => residents.id),
      expires_on: d.text<CivilDate>().notNull(),
      created_at: d.instant().notNull(),
    },
    (t) => [
      d.uniqueIndex('cycles_permit_expiry').on(t.permit_id, t.expires_on),
      d.index('cycles_resident').on(t.resident_id),
      d.index('cycles_expiry').on(t.expires_on),
    ],
  )

  const notices = d.table(
    'notices',
    {
      id: d.id(),
      cycle_id: d
        .integer()
        .notNull()
        .references(() => cycles.id),
      stage: d.integer().notNull(),
      /** The stage whose plan this notice follows: 14 for the first at or below 14. */
      plan_stage: d.integer().notNull(),
      reference: d.text().notNull(),
      created_on: d.text<CivilDate>().notNull(),
      created_at: d.instant().notNull(),
    },
    (t) => [
      d.uniqueIndex('notices_cycle_stage').on(t.cycle_id, t.stage),
      d.uniqueIndex('notices_reference').on(t.reference),
      d.index('notices_day').on(t.created_on),
    ],
  )

  // scan creates deliveries, deliver moves them
  const deliveries = d.table(
    'deliveries',
    {
      id: d.id(),
      token_hash: d.text().notNull(),
      /** Whose words, window and sender it has. */
      office_code: d.text().notNull(),
      channel: d.text<Channel>().notNull(),
      /** `sponsor` as soon as one of its notices goes to a sponsor. */
      role: d.text<Role>().notNull(),
      phone: d.sealed('deliveries.phone').notNull().$type<PhoneNumber>(),
      phone_index: d.text().notNull(),
      phone_country: d.text(),
      language: d.text().notNull(),
      stage: d.integer().notNull(),
      due_on: d.text<CivilDate>().notNull(),
      state: d.text<DeliveryState>().notNull(),
      /** Why it is cancelled, exhausted, set aside, undelivered or waiting. */
      reason: d.text(),
      /** Not before this instant; the queue's order. */
      not_before: d.instant().notNull(),
      lease_until: d.instant(),
      worker: d.text(),
      attempts: d.integer().notNull().default(0),
      /** The carrier's id of the attempt that counts. */
      sid: d.text(),
      voice_note_id: d.integer(),
      /** Last sign of the carrier; what the poller and `unconfirmed` go by. */
      state_since: d.instant().notNull(),
      /** When the poller asks the carrier; null when the state is final. */
      poll_at: d.instant(),
      created_at: d.instant().notNull(),
    },
    (t) => [
      d.uniqueIndex('deliveries_token').on(t.token_hash, t.channel),
      d.index('deliveries_queue').on(t.state, t.channel, t.not_before, t.id),
      d.index('deliveries_lease').on(t.state, t.lease_until),
      d.index('deliveries_poll').on(t.poll_at),
      d.index('deliveries_phone').on(t.phone_index, t.channel, t.state),
      d.index('deliveries_group').on(t.due_on, t.phone_index, t.channel),
      d.index('deliveries_sid').on(t.sid),
      d.index('deliveries_state').on(t.state, t.id),
      d.index('deliveries_due').on(t.due_on, t.id),
    ],
  )

  const delivery_notices = d.table(
    'delivery_notices',
    {
      id: d.id(),
      delivery_id: d
        .integer()
        .notNull()
        .references(() => deliveries.id),
      notice_id: d
        .integer()
        .notNull()
        .references(() => notices.id),
      role: d.text<Role>().notNull(),
      channel: d.text<Channel>().notNull(),
    },
    (t) => [
      d.uniqueIndex('delivery_notices_once').on(t.notice_id, t.role, t.channel),
      d.index('delivery_notices_delivery').on(t.delivery_id),
    ],
  )

  // compose
  const voice_notes = d.table(
    'voice_notes',
    {
      id: d.id(),
      /** Digest of text, language, engine and voice. */
      content_key: d.text().notNull(),
      /** In the public audio URL; unguessable. */
      token: d.text().notNull(),
      /** As asked for; `spoken` says what is heard, e.g. `en,id` where the language has no fit voice. */
      language: d.text().notNull(),
      spoken: d.text().notNull(),
      engine: d.text<'google' | 'espeak'>().notNull(),
      voices: d.text().notNull(),
      characters: d.integer().notNull(),
      milliseconds: d.integer().notNull(),
      mp3_bytes: d.integer().notNull(),
      mp3_digest: d.text().notNull(),
      ogg_bytes: d.integer().notNull(),
      ogg_digest: d.text().notNull(),
      created_at: d.instant().notNull(),
      last_used_on: d.text<CivilDate>().notNull(),
    },
    (t) => [d.uniqueIndex('voice_notes_content').on(t.content_key), d.uniqueIndex('voice_notes_token').on(t.token)],
  )

  // deliver
  const attempts = d.table(
    'attempts',
    {
      id: d.id(),
      delivery_id: d
        .integer()
        .notNull()
        .references(() => deliveries.id),
      number: d.integer().notNull(),
      channel: d.text<Channel>().notNull(),
      worker: d.text().notNull(),
      words: d.sealed('attempts.words'),
      segments: d.integer(),
      started_at: d.instant().notNull(),
      finished_at: d.instant(),
      outcome: d.text<'pending' | 'accepted' | 'refused' | 'uncertain' | 'not-sent'>().notNull(),
      sid: d.text(),
      http_status: d.integer(),
      error_code: d.integer(),
      verdict: d.text(),
      /** The carrier's final status: of a call any, of a message a failure. */
      ended: d.text(),
      answered_by: d.text(),
      digits: d.text(),
      /** Call: the note was played to its end. */
      heard: d.integer(),
      seconds: d.integer(),
      /** Uncertain: how often the carrier was asked, and when next. */
      lookups: d.integer().notNull().default(0),
      lookup_at: d.instant(),
    },
    (t) => [
      d.uniqueIndex('attempts_number').on(t.delivery_id, t.number),
      d.uniqueIndex('attempts_sid').on(t.sid),
      d.index('attempts_lookup').on(t.outcome, t.lookup_at),
      d.index('attempts_error').on(t.error_code, t.delivery_id).where(sql.raw('error_code is not null')),
      d.index('attempts_verdict').on(t.verdict, t.channel).where(sql.raw('verdict is not null')),
    ],
  )

  const receipts = d.table(
    'receipts',
    {
      id: d.id(),
      kind: d.text<ReceiptKind>().notNull(),
      sid: d.text().notNull(),
      status: d.text().notNull(),
      error_code: d.integer(),
      /** From the callback's own URL: lets a receipt find its attempt before the sid is recorded. */
      attempt_id: d.integer(),
      raw: d.sealed('receipts.raw').notNull(),
      signature: d.text().notNull(),
      /** What the signature covers beside `raw`: our address as the carrier called it; empty where we asked ourselves. */
      url: d
        .text()
        .notNull()
        .$default(() => ''),
      /** Same receipt again: refused by the index. */
      digest: d.text().notNull(),
      received_at: d.instant().notNull(),
      applied_at: d.instant(),
    },
    (t) => [
      d.uniqueIndex('receipts_digest').on(t.digest),
      d.index('receipts_sid').on(t.sid),
      d.index('receipts_waiting').on(t.applied_at, t.id),
      d.index('receipts_kind').on(t.kind, t.id),
    ],
  )

  const acknowledgements = d.table(
    'acknowledgements',
    {
      id: d.id(),
      cycle_id: d
        .integer()
        .notNull()
        .references(() => cycles.id),
      notice_id: d.integer(),
      delivery_id: d.integer(),
      role: d.text<Role>().notNull(),
      answer: d.text<Answer>().notNull(),
      via: d.text<'key' | 'page' | 'whatsapp' | 'counter'>().notNull(),
      officer: d.text(),
      at: d.instant().notNull(),
    },
    (t) => [d.uniqueIndex('acknowledgements_once').on(t.cycle_id, t.role, t.answer, t.via)],
  )

  const opt_outs = d.table(
    'opt_outs',
    {
      id: d.id(),
      phone_index: d.text().notNull(),
      channel: d.text<Channel>().notNull(),
      since: d.instant().notNull(),
      via: d.text<'whatsapp' | 'carrier' | 'key' | 'counter'>().notNull(),
      withdrawn_at: d.instant(),
    },
    (t) => [
      d.uniqueIndex('opt_outs_live').on(t.phone_index, t.channel).where(whereOpen('withdrawn_at')),
      d.index('opt_outs_phone').on(t.phone_index),
    ],
  )

  /** Numbers that the carrier said will never work on a channel; ended by a changed phone in the register. */
  const dead_numbers = d.table(
    'dead_numbers',
    {
      id: d.id(),
      phone_index: d.text().notNull(),
      channel: d.text<Channel>().notNull(),
      error_code: d.integer().notNull(),
      since: d.instant().notNull(),
    },
    (t) => [d.uniqueIndex('dead_numbers_once').on(t.phone_index, t.channel)],
  )

  /** Scopes: `account`, `channel:sms`, `route:sms:+62`. */
  const pauses = d.table(
    'pauses',
    {
      id: d.id(),
      scope: d.text().notNull(),
      reason: d.text().notNull(),
      error_code: d.integer(),
      since: d.instant().notNull(),
      until: d.instant().notNull(),
      /** How often in a row the probe at `until` failed: the pause grows. */
      probes: d.integer().notNull().default(0),
      lifted_at: d.instant(),
    },
    (t) => [d.uniqueIndex('pauses_live').on(t.scope).where(whereOpen('lifted_at'))],
  )

  // overstay
  const overstay_cases = d.table(
    'overstay_cases',
    {
      id: d.id(),
      cycle_id: d
        .integer()
        .notNull()
        .references(() => cycles.id),
      permit_id: d
        .integer()
        .notNull()
        .references(() => permits.id),
      resident_id: d
        .integer()
        .notNull()
        .references(() => residents.id),
      expires_on: d.text<CivilDate>().notNull(),
      level: d.text<Level>().notNull(),
      /** 1: had already expired when it first came in. */
      known_late: d.integer().notNull().default(0),
      assigned_to: d.text(),
      proposed: d.text(),
      proposed_at: d.instant(),
      opened_on: d.text<CivilDate>().notNull(),
      opened_at: d.instant().notNull(),
      closed_at: d.instant(),
      closed_by: d.text(),
      outcome: d.text(),
      version: d.integer().notNull().default(1),
    },
    (t) => [
      d.uniqueIndex('overstay_cases_cycle').on(t.cycle_id),
      d.index('overstay_cases_open').on(t.closed_at, t.expires_on),
      d.index('overstay_cases_resident').on(t.resident_id),
    ],
  )

  const case_events = d.table(
    'case_events',
    {
      id: d.id(),
      case_id: d
        .integer()
        .notNull()
        .references(() => overstay_cases.id),
      kind: d
        .text<
          | 'opened'
          | 'escalated'
          | 'day-60'
          | 'proposed'
          | 'withdrawn'
          | 'assigned'
          | 'contact'
          | 'note'
          | 'closed'
          | 'reopened'
        >()
        .notNull(),
      level: d.text<Level>(),
      by: d.text().notNull(),
      text: d.sealed('case_events.text'),
      on: d.text<CivilDate>().notNull(),
      at: d.instant().notNull(),
    },
    (t) => [d.index('case_events_case').on(t.case_id, t.id), d.index('case_events_day').on(t.kind, t.on, t.case_id)],
  )

  const follow_ups = d.table(
    'follow_ups',
    {
      id: d.id(),
      resident_id: d
        .integer()
        .notNull()
        .references(() => residents.id),
      kind: d.text<FollowUpKind>().notNull(),
      /** 0 where it belongs to no cycle: unique indexes count nulls as different. */
      cycle_id: d.integer().notNull().default(0),
      /** What gave rise to it, e.g. `unconfirmed`, `delivery:7`; the same cause never opens a second one, even after it was closed. */
      cause: d.text().notNull(),
      owner: d.text(),
      due_on: d.text<CivilDate>().notNull(),
      opened_at: d.instant().notNull(),
      closed_at: d.instant(),
      closed_by: d.text(),
      outcome: d.text(),
    },
    (t) => [
      d.uniqueIndex('follow_ups_cause').on(t.resident_id, t.kind, t.cycle_id, t.cause),
      d.uniqueIndex('follow_ups_open').on(t.resident_id, t.kind, t.cycle_id).where(whereOpen('closed_at')),
      d.index('follow_ups_due').on(t.closed_at, t.due_on),
    ],
  )

  // ops
  const slots = d.table(
    'slots',
    {
      id: d.id(),
      duty: d.text().notNull(),
      planned_at: d.instant().notNull(),
      started_at: d.instant().notNull(),
      lease_until: d.instant().notNull(),
      finished_at: d.instant(),
      worker: d.text().notNull(),
      /** JSON: counts of what the run did; or the error's text. */
      result: d.text(),
      failed: d.integer().notNull().default(0),
    },
    (t) => [d.uniqueIndex('slots_once').on(t.duty, t.planned_at)],
  )

  const workers = d.table(
    'workers',
    {
      id: d.id(),
      name: d.text().notNull(),
      started_at: d.instant().notNull(),
      seen_at: d.instant().notNull(),
      stopped_at: d.instant(),
    },
    (t) => [d.uniqueIndex('workers_name').on(t.name)],
  )

  const alarms = d.table(
    'alarms',
    {
      id: d.id(),
      kind: d.text().notNull(),
      detail: d.text().notNull(),
      raised_at: d.instant().notNull(),
      last_at: d.instant().notNull(),
      times: d.integer().notNull().default(1),
      cleared_at: d.instant(),
    },
    (t) => [d.uniqueIndex('alarms_live').on(t.kind).where(whereOpen('cleared_at'))],
  )

  /** Every mail, written before it is handed to the mail server: what is uncertain after a crash is not sent again. */
  const mails = d.table(
    'mails',
    {
      id: d.id(),
      kind: d.text<'digest' | 'alarm'>().notNull(),
      /** What the mail is about, e.g. `digest:2026-12-06` or `alarm:17`: never a second one of the same. */
      about: d.text().notNull(),
      state: d.text<'sending' | 'sent' | 'refused' | 'uncertain'>().notNull(),
      attempts: d.integer().notNull().default(0),
      /** The mail server's answer, without addresses. */
      answer: d.text(),
      not_before: d.instant().notNull(),
      started_at: d.instant().notNull(),
      finished_at: d.instant(),
    },
    (t) => [d.uniqueIndex('mails_about').on(t.about), d.index('mails_state').on(t.state, t.not_before)],
  )

  /** What was erased, and under which rule. Ids and counts only. */
  const erasures = d.table(
    'erasures',
    {
      id: d.id(),
      at: d.instant().notNull(),
      /** The rule of `retention` in OFFICE_FILE, or `request`. */
      rule: d.text().notNull(),
      /** The rule's days or the request's own reason, as it stood then. */
      basis: d.sealed('erasures.basis').notNull(),
      table: d.text().notNull(),
      rows: d.integer().notNull(),
      /** One person's erasure only. */
      resident_id: d.integer(),
      by: d.text().notNull(),
    },
    (t) => [d.index('erasures_rule').on(t.rule, t.id)],
  )

  /** Who was told of what, after the person is erased: a later import of the same permit tells nobody again. */
  const told_marks = d.table(
    'told_marks',
    {
      id: d.id(),
      /** HMAC of office and permit number. */
      permit_mark: d.text().notNull(),
      expires_on: d.text<CivilDate>().notNull(),
      stage: d.integer().notNull(),
      /** 1: a case of this cycle was closed. */
      case_closed: d.integer().notNull().default(0),
      at: d.instant().notNull(),
    },
    (t) => [d.uniqueIndex('told_marks_once').on(t.permit_mark, t.expires_on, t.stage)],
  )

  // console
  const officers = d.table(
    'officers',
    {
      id: d.id(),
      /** Signs in with it; lower case. */
      name: d.text().notNull(),
      role: d.text<'viewer' | 'officer' | 'supervisor' | 'admin'>().notNull(),
      /** Null: headquarters, every office. */
      office_code: d.text(),
      /** JSON array; null: every regency. */
      regencies: d.text(),
      /** PHC string of argon2id. */
      password_hash: d.text().notNull(),
      /** While set the password is a one-time one, good until then, and must be replaced. */
      one_time_until: d.instant(),
      totp_secret: d.sealed('officers.totp_secret'),
      totp_confirmed_at: d.instant(),
      /** Time step of the last code that was taken: none is taken twice. */
      totp_step: d.integer(),
      /** JSON array of digests; each is struck out when used. */
      recovery_hashes: d.text(),
      failed_count: d.integer().notNull().default(0),
      locked_until: d.instant(),
      disabled_at: d.instant(),
      language: d
        .text<'id' | 'en'>()
        .notNull()
        .$default(() => 'id'),
      theme: d
        .text<'auto' | 'light' | 'dark'>()
        .notNull()
        .$default(() => 'auto'),
      created_at: d.instant().notNull(),
    },
    (t) => [d.uniqueIndex('officers_name').on(t.name)],
  )

  const sessions = d.table(
    'sessions',
    {
      id: d.id(),
      token_hash: d.text().notNull(),
      officer_id: d
        .integer()
        .notNull()
        .references(() => officers.id),
      /** The office that somebody of headquarters looks at; null: the home office. */
      office_code: d.text(),
      /** Null until the second factor was shown, where the officer has one. */
      code_at: d.instant(),
      created_at: d.instant().notNull(),
      seen_at: d.instant().notNull(),
      /** The absolute limit, however busy the session is. */
      expires_at: d.instant().notNull(),
      ended_at: d.instant(),
    },
    (t) => [d.uniqueIndex('sessions_token').on(t.token_hash), d.index('sessions_officer').on(t.officer_id, t.ended_at)],
  )

  /** Only ever added to. `hash` covers the row and `prev_hash`; the newest hash stands in `meta` as well. */
  const audit = d.table(
    'audit',
    {
      id: d.id(),
      at: d.instant().notNull(),
      /** Null: the operator at the command line, or nobody who signed in. */
      officer_id: d.integer(),
      action: d.text().notNull(),
      subject_kind: d.text(),
      subject_id: d.integer(),
      /** Ids, codes and counts; never a person's data. */
      detail: d.text(),
      prev_hash: d.text().notNull(),
      hash: d.text().notNull(),
    },
    (t) => [
      d.uniqueIndex('audit_chain').on(t.prev_hash),
      d.index('audit_officer').on(t.officer_id, t.id),
      d.index('audit_subject').on(t.subject_kind, t.subject_id, t.id),
    ],
  )

  const meta = d.table('meta', { key: d.text().primaryKey(), value: d.text().notNull() })

  return {
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
  }
}

export type Tables = ReturnType<typeof defineTables>
