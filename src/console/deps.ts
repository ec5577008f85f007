import type { Templates } from '../compose/template.ts'
import type { Db } from '../db/open.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/events.ts'
import type { Office } from '../lib/office.ts'
import type { ImportResult } from '../register/import.ts'

export type ConsoleDeps = {
  db: Db
  log: Log
  clock: Clock
  office: Office
  templates: Templates
  /** What somebody is written and spoken to in, by nationality where nothing else is known. */
  languageOf?: (person: {
    nationality: string | null
    language: string | null
    chosenLanguage: string | null
  }) => string
  /** Holds `<content_key>.mp3` and `.ogg`. */
  audioDir: string
  /** https://host[/path] of the console behind a proxy. */
  baseUrl?: string | undefined
  /** Over TLS or behind it: cookies are `__Host-` ones and never travel in the clear. */
  secureCookies: boolean
  listen: { host: string; port: number }
  /** PEM texts, when the console itself speaks TLS. */
  tls?: { cert: string; key: string } | undefined
  /** Addresses or networks of reverse proxies whose X-Forwarded-For is believed. */
  trustedProxies: readonly string[]
  timeZone: string
  importFile?(options: { file: string; dryRun?: boolean; force?: boolean }): Promise<ImportResult>
  /** From one address; 600 by default. */
  requestsPerMinute?: number
  /** Cost of one-time and other passwords; weaker in tests only. */
  passwordCost?: { memoryKiB: number; passes: number }
}
