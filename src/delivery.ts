import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { App, Overrides } from './app.ts'
import { type Booth, openBooth } from './compose/speech/booth.ts'
import { espeakSpeech } from './compose/speech/espeak.ts'
import type { Speech } from './compose/speech/port.ts'
import type { Templates } from './compose/template.ts'
import { VoiceNotes } from './compose/voice-notes.ts'
import type { Config } from './config.ts'
import type { Carrier } from './deliver/carrier.ts'
import { Dispatcher } from './deliver/dispatcher.ts'
import { openReach } from './deliver/reach.ts'
import { receiptSink } from './deliver/receipts.ts'
import { type DeliverDeps, PATIENCE } from './deliver/settings.ts'
import { twilioCarrier } from './deliver/twilio/adapter.ts'
import { AppError } from './lib/errors.ts'
import type { Office } from './lib/office.ts'
import type { Offices } from './lib/offices.ts'
import { workerName } from './ops/workers.ts'
import type { PublicDeps } from './public/deps.ts'
import { openPublicListener, type PublicListener } from './public/listener.ts'

/** Connected to the outside: can send, and be called back. */
export type Delivery = AsyncDisposable & {
  deps: DeliverDeps
  dispatcher: Dispatcher
  voiceNotes: VoiceNotes
  carrier: Carrier
  listener: PublicListener
  /** True at the next receipt, or at once if one came since it was last asked; false after `milliseconds`. */
  awaitNews(milliseconds: number, signal?: AbortSignal): Promise<boolean>
}

type Parts = Pick<
  App,
  'config' | 'secrets' | 'clock' | 'log' | 'office' | 'offices' | 'templates' | 'templatesOf' | 'db'
> & {
  overrides: Overrides
}

/**
 * The half of the program that talks to the outside, in order: carrier, voices, listener, dispatcher.
 * @throws AppError `config` when what sending needs is missing.
 */
export async function openDelivery({
  config,
  secrets,
  overrides,
  clock,
  log,
  office,
  offices,
  templates,
  templatesOf,
  db,
}: Parts): Promise<Delivery> {
  await using stack = new AsyncDisposableStack()
  const { accountSid } = config.twilio
  const { twilioAuthToken } = secrets
  const { publicBaseUrl } = config
  if (!accountSid || !twilioAuthToken || !publicBaseUrl) {
    throw new AppError('config', 'TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and PUBLIC_BASE_URL are needed to send')
  }
  const carrier = stack.use(
    twilioCarrier({ ...config.twilio, accountSid, authToken: twilioAuthToken, now: () => clock.now() }, log),
  )
  const studio = stack.use(openBooth(overrides.speechThreads ?? 1))
  const engines = overrides.speech ?? (await enginesFor(config, studio))
  for (const engine of engines) stack.use(engine)
  const voicesOf = (words: Templates) =>
    new VoiceNotes({ db, templates: words, engines, studio, dir: join(config.dataDir, 'audio'), log })
  const voiceNotes = voicesOf(templates)
  const saying = (code: string) => {
    const words = templatesOf(code)
    return {
      office: offices.of(code),
      templates: words,
      voiceNotes: words === templates ? voiceNotes : voicesOf(words),
    }
  }
  const reach = stack.use(await openReach({ folder: config.dataDir, db, clock, log }))
  const delivering = forEachOffice<DeliverDeps>(offices, {
    common: {
      db,
      log,
      clock,
      offices,
      carrier,
      publicBaseUrl,
      worker: workerName({ host: hostname(), pid: process.pid, random: randomBytes(3).toString('hex') }),
      patience: overrides.patience ?? PATIENCE,
      reach,
    },
    own: saying,
  })
  const deps = delivering(office.code)
  const bell = new Bell()
  const publicly = forEachOffice<PublicDeps>(offices, {
    common: {
      db,
      log,
      clock,
      offices,
      publicBaseUrl,
      twilioAuthToken,
      accountSid,
      audioDir: voiceNotes.dir,
      trustedProxies: config.trustedProxies,
      receipts: receiptSink(deps, () => bell.ring()),
    },
    own: (code) => {
      const { office, templates, voiceNotes } = delivering(code)
      return { office, templates, voiceNotes }
    },
  })
  const listener = stack.use(await openPublicListener({ ...publicly(office.code), listen: config.publicListen }))
  const dispatcher = new Dispatcher(deps)
  const opened = stack.move()
  return {
    deps,
    dispatcher,
    voiceNotes,
    carrier,
    listener,
    awaitNews: (milliseconds, signal) => bell.wait(milliseconds, signal),
    async [Symbol.asyncDispose]() {
      await dispatcher.stop()
      await opened.disposeAsync()
    },
  }
}

type PerOffice<Deps> = { at(code: string): Deps }

/** What a step works with, once for each office; `at` leads from one to another. */
function forEachOffice<Deps extends PerOffice<Deps> & { office: Office }>(
  offices: Offices,
  { common, own }: { common: Partial<Deps>; own: (code: string) => Pick<Deps, 'office'> },
): (code: string) => Deps {
  const all = new Map<string, Deps>()
  const at = (code: string): Deps => all.get(offices.of(code).code)!
  for (const { code } of offices.all) all.set(code, { ...common, ...own(code), at } as Deps)
  return at
}

async function enginesFor(config: Config, studio: Booth): Promise<Speech[]> {
  const espeak = espeakSpeech({ studio })
  if (config.speech === 'espeak') return [espeak]
  const { googleSpeech } = await import('./compose/speech/google.ts')
  const google = googleSpeech({
    ...(config.googleEndpoint ? { endpoint: config.googleEndpoint } : {}),
    ...(config.googleCredentialsFile ? { credentialsFile: config.googleCredentialsFile } : {}),
  })
  return [google, espeak]
}

/** A round costs the same for one receipt as for two hundred: while they keep coming it is made this often. */
const GATHER_MS = 100

/** Wakes the delivery loop when a receipt came, so that nothing waits for the next tick: the first at once, others together. */
class Bell {
  #rung = false
  #wake: (() => void) | undefined
  #heardAt = Number.NEGATIVE_INFINITY

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  async wait(milliseconds: number, signal?: AbortSignal): Promise<boolean> {
    if (!this.#rung && !signal?.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, milliseconds)
      const onAbort = () => resolve()
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#wake = onAbort
      await promise
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    this.#wake = undefined
    const rung = this.#rung
    if (rung) await this.#gather(signal)
    this.#rung = false
    return rung
  }

  async #gather(signal: AbortSignal | undefined): Promise<void> {
    const milliseconds = this.#heardAt + GATHER_MS - performance.now()
    if (milliseconds > 0 && !signal?.aborted) await sleep(milliseconds)
    this.#heardAt = performance.now()
  }
}
