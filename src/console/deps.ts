import type { Templates } from '../compose/template.ts'
import type { Db } from '../db/open.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/events.ts'
import type { Office } from '../lib/office.ts'
import type { Offices } from '../lib/offices.ts'
import type { WebPatience } from '../lib/web-server.ts'
import type { ImportResult } from '../register/import.ts'

/** What a supervisor asks of a program that runs all day. */
export type Probes = {
  /** What keeps the program from its work, in one word each; empty when it is ready. */
  notReady(): Promise<readonly string[]>
  /** In the text format of Prometheus. */
  metrics: { contentType: string; render(): Promise<string> }
}

export type ConsoleDeps = {
  db: Db
  log: Log
  clock: Clock
  /** What sessions, codes and the audit go by: people's own clock, where the program's is moved by hand. `clock` unless told. */
  wallClock?: Clock | undefined
  /** That of whoever asks; before anybody has signed in the home office. */
  office: Office
  /** Of `office`. */
  templates: Templates
  offices: Offices
  templatesOf(officeCode: string): Templates
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
  /** `https://…` of what the internet may reach: as long as the links in messages are. The office's own address unless told. */
  publicBaseUrl?: string | undefined
  /** Only of the daemon. */
  probes?: Probes | undefined
  importFile?(options: { officeCode: string; file: string; dryRun?: boolean; force?: boolean }): Promise<ImportResult>
  /** From one address; 600 by default. */
  requestsPerMinute?: number
  /** With slow clients. */
  patience?: WebPatience
  /** Cost of one-time and other passwords; weaker in tests only. */
  passwordCost?: { memoryKiB: number; passes: number }
}

/** The same for somebody of another office. */
export function depsAt(deps: ConsoleDeps, officeCode: string): ConsoleDeps {
  return { ...deps, office: deps.offices.of(officeCode), templates: deps.templatesOf(officeCode) }
}

export function wallClockOf({ wallClock, clock }: Pick<ConsoleDeps, 'wallClock' | 'clock'>): Clock {
  return wallClock ?? clock
}
