import type { FastifyReply } from 'fastify'
import type { Tx } from '../db/open.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import type { AuditEntry } from './audit.ts'
import type { ConsoleDeps } from './deps.ts'
import type { Officer, Role } from './officer.ts'
import type { Session } from './sessions.ts'

/** A file that came with a form (`enctype="multipart/form-data"`). */
export type Upload = { name: string; bytes: Uint8Array }

export type ConsoleRequest = {
  deps: ConsoleDeps
  officer: Officer
  /** Of the path, e.g. `id` of `/cases/:id`. */
  params: Record<string, string>
  query: URLSearchParams
  /** The last value of each field. */
  form: Record<string, string>
  /** Every value of each field, for checkboxes. */
  fields: URLSearchParams
  files: Record<string, Upload>
  /** Of this session; pages have it as a ready input: `<%~ it.csrfField %>`. */
  csrf: string
  now: number
  today: CivilDate
  /** Writes to the audit in the caller's transaction, in the name of this officer. The frame does so for each POST and each `audit` route already. */
  record(tx: Tx, entry: AuditEntry): Promise<void>
}

/** What is written about a request, before it is answered: ids and codes only. */
export type RouteAudit = {
  /** E.g. `case.view`, `case.close`; a POST without one is named by its path. */
  action: string
  subject?(request: ConsoleRequest): { kind: string; id: number | null }
}

/** One path of the console. Nothing is reachable that is not declared so. */
export type Route = {
  method: 'GET' | 'POST'
  path: string
  /** The least role; `signed-in`: any. */
  role: Role | 'signed-in'
  audit?: RouteAudit
  /** Largest body in bytes; 64 KiB unless told. Files need more. */
  bodyLimit?: number
  /**
   * Returns the page (from `render`), a Buffer or string with its own content type set on `reply`, or what `reply.redirect`
   * returns. An AppError becomes a page with its status: `invalid` 400, `not-found` 404, `conflict` 409.
   */
  handle(request: ConsoleRequest, reply: FastifyReply): Promise<unknown>
}

/** What the frame itself answers also to those who have not, or not wholly, signed in. */
export type FrameRequest = Omit<ConsoleRequest, 'officer'> & {
  /** Null until signing in is finished. */
  officer: Officer | null
  session: Session | null
}

export type FrameRoute = Omit<Route, 'role' | 'handle' | 'audit'> & {
  /** `signing-in`: a session that still lacks something. */
  role: 'anyone' | 'signing-in' | 'signed-in'
  /** Guessing is worth while here: few tries a minute from one address. */
  guarded?: boolean
  handle(request: FrameRequest, reply: FastifyReply): Promise<unknown>
}
