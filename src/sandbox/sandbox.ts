import Fastify, { type FastifyInstance } from 'fastify'
import type { Clock } from '../lib/clock.ts'
import { apiRoutes } from './api.ts'
import { type Behaviour, readBehaviour } from './behaviour.ts'
import { liveCall, liveInboundCall } from './call-life.ts'
import { Callbacks } from './callbacks.ts'
import { hex32 } from './chance.ts'
import { planFor } from './check-call.ts'
import { controlRoutes } from './control.ts'
import type { Alert, Exchange } from './exchange.ts'
import { type FaultControl, Faults } from './faults.ts'
import { type Reply, receiveReply } from './inbound.ts'
import { Journal } from './journal.ts'
import { MediaShelf } from './media.ts'
import { liveMessage } from './message-life.ts'
import { isLoopback, Outgoing } from './outgoing.ts'
import { defaultPerson, type Person } from './people.ts'
import { phoneRoutes } from './phones.ts'
import { type CallRecord, callEnded, messageEnded } from './records.ts'
import { Scheduler } from './scheduler.ts'
import { Store } from './store.ts'
import type { TranscriptEntry } from './transcript.ts'

export type { Behaviour, Template } from './behaviour.ts'
export type { Alert } from './exchange.ts'
export type { Fault, FaultControl } from './faults.ts'
export { readTranscript } from './journal.ts'
export type { Person } from './people.ts'
export { countByPhoneAndLink, type TranscriptEntry } from './transcript.ts'

export type SandboxOptions = {
  accountSid: string
  authToken: string
  clock: Clock
  /** Default 127.0.0.1 and any free port. */
  listen?: { host: string; port: number }
  seed?: number
  /**
   * JSON lines, synced to disk before an API call is answered and before a receipt goes out: the truth that survives
   * a kill of the client and of the sandbox. Opened again, it brings back every message and call, with its sid.
   */
  transcriptFile?: string
  behaviour?: Partial<Behaviour>
  /** What the person at a number does; default: one of a mostly pleasant crowd, by seed. */
  people?: (number: string) => Person
  /** Real milliseconds between two steps of a life, so also between two callbacks; default 3. */
  pace?: { callbackDelayMs?: number }
  /** For the phones page; default Asia/Jakarta. */
  timeZone?: string
}

export type Sandbox = AsyncDisposable & {
  /** For `client.api.baseUrl`, and the phones page for a browser. */
  url: string
  transcript(): TranscriptEntry[]
  faults: FaultControl
  /** Resolves when no callback, call or media fetch is pending. What waits for the clock is not pending. */
  idle(): Promise<void>
  /** A person writes to the office; resolves once the message URL was called. */
  reply(
    from: string,
    to: string,
    message: { body?: string; buttonPayload?: string; buttonText?: string },
  ): Promise<void>
  /** A person calls the office; resolves when the call has ended. */
  ring(from: string, to: string, person?: { presses?: string[]; hangsUpAfterMs?: number }): Promise<TranscriptEntry>
  /** What the real carrier's debugger would show: webhooks, TwiML and media that were at fault. */
  alerts(): Alert[]
  /**
   * Settings of the carrier's console, at any time: the URLs for what comes in, senders, templates, delays. Throws a
   * ZodError on a name or value it does not know.
   */
  configure(change: Partial<Behaviour>): Behaviour
  setPerson(number: string, person: Person): void
}

/** A Twilio-compatible carrier on this machine; nothing that it does leaves it. Throws where the port is taken. */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { clock, listen = { host: '127.0.0.1', port: 0 } } = options
  await using opening = new AsyncDisposableStack()
  const { journal, lines } = await Journal.open(options.transcriptFile)
  opening.use(journal)
  const store = new Store({ journal, lines })
  const parts = openExchange(options, store, opening)
  const { exchange, faults, alerts } = parts

  const sandbox: Sandbox = {
    url: '',
    faults,
    transcript: () => store.transcript(),
    alerts: () => [...alerts],
    idle: () => exchange.scheduler.idle(),
    reply: (from, to, message) => exchange.scheduler.during(() => receiveReply(exchange, replyOf(from, to, message))),
    ring: (from, to, person = {}) => exchange.scheduler.during(() => ringIn(exchange, { from, to, person })),
    configure: parts.configure,
    setPerson: parts.setPerson,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
  const app = await serve({ sandbox, exchange, clock, timeZone: options.timeZone ?? 'Asia/Jakarta', host: listen.host })
  opening.defer(() => app.close())
  sandbox.url = await app.listen(listen)
  resume(exchange)
  const closing = opening.move()
  return sandbox
}

function openExchange(options: SandboxOptions, store: Store, stack: AsyncDisposableStack) {
  const { clock, accountSid, authToken, seed = 1, pace = {} } = options
  const alerts: Alert[] = []
  const persons = new Map<string, Person>()
  let behaviour = readBehaviour(options.behaviour ?? {})
  const gapMs = pace.callbackDelayMs ?? 3
  const outgoing = stack.use(new Outgoing())
  const scheduler = stack.use(new Scheduler(clock))
  const faults = new Faults({ seed })
  const alert = (said: Omit<Alert, 'at'>): void => {
    if (alerts.push({ at: clock.now(), ...said }) > 1000) alerts.shift()
  }
  const exchange: Exchange = {
    accountSid,
    authToken,
    seed,
    clock,
    gapMs,
    behaviour: () => behaviour,
    personAt: (number) => persons.get(number) ?? options.people?.(number) ?? defaultPerson({ number, seed }),
    store,
    scheduler,
    faults,
    outgoing,
    callbacks: new Callbacks({ scheduler, outgoing, faults, authToken, seed, gapMs, alert }),
    shelf: new MediaShelf(),
    alert,
    hangUps: new Set(),
  }
  const configure = (change: Partial<Behaviour>): Behaviour => {
    behaviour = readBehaviour({ ...behaviour, ...change })
    return behaviour
  }
  return {
    exchange,
    faults,
    alerts,
    configure,
    setPerson: (number: string, person: Person) => void persons.set(number, person),
  }
}

async function serve({
  sandbox,
  exchange,
  clock,
  timeZone,
  host,
}: {
  sandbox: Sandbox
  exchange: Exchange
  clock: Clock
  timeZone: string
  host: string
}): Promise<FastifyInstance> {
  const app = Fastify({ logger: false, forceCloseConnections: true })
  const form = 'application/x-www-form-urlencoded'
  app.addContentTypeParser(form, { parseAs: 'string' }, (_request, body, done) =>
    done(null, new URLSearchParams(String(body))),
  )
  if (isLoopback(`http://${host}`)) {
    // A page of another site that resolves its own name to this machine (DNS rebinding) brings its own Host.
    app.addHook('onRequest', async (request, reply) => {
      if (!isLoopback(`http://${request.headers.host ?? ''}`)) return reply.status(421).send('unknown host')
    })
  }
  await mount(app, '/2010-04-01', (scope) => apiRoutes(scope, { exchange, startedAt: clock.now() }))
  await mount(app, '/sandbox', (scope) => controlRoutes(scope, { sandbox }))
  await mount(app, '/', (scope) => phoneRoutes(scope, { sandbox, exchange, timeZone }))
  return app
}

async function mount(app: FastifyInstance, prefix: string, routes: (scope: FastifyInstance) => void): Promise<void> {
  await app.register(
    (scope, _options, done) => {
      routes(scope)
      done()
    },
    { prefix },
  )
}

/** Goes on with what an earlier run of the sandbox had accepted. */
function resume(exchange: Exchange): void {
  const { store, scheduler } = exchange
  for (const message of store.messages.newest(undefined).reverse()) {
    if (!messageEnded(message)) scheduler.run(() => liveMessage(exchange, message))
  }
  for (const call of store.calls.newest(undefined).reverse()) {
    if (!callEnded(call)) scheduler.run(() => liveCall(exchange, call))
  }
}

function replyOf(
  from: string,
  to: string,
  message: { body?: string; buttonPayload?: string; buttonText?: string },
): Reply {
  const { body, buttonPayload, buttonText } = message
  const text = body ?? buttonText ?? ''
  return { from, to, body: text, ...(buttonPayload === undefined ? {} : { button: { payload: buttonPayload, text } }) }
}

async function ringIn(
  exchange: Exchange,
  {
    from,
    to,
    person,
  }: {
    from: string
    to: string
    person: { presses?: string[]; hangsUpAfterMs?: number }
  },
): Promise<TranscriptEntry> {
  const { store, clock, seed } = exchange
  const now = clock.now()
  const serial = store.nextSerial()
  const call: CallRecord = {
    sid: `CA${hex32(seed, 'inbound-call', serial, from, now)}`,
    serial,
    direction: 'inbound',
    to,
    from,
    status: 'queued',
    answeredBy: null,
    errorCode: null,
    createdAt: now,
    updatedAt: now,
    startedAt: null,
    endedAt: null,
    durationS: null,
    plan: planFor(exchange.behaviour().voiceUrl ?? ''),
  }
  store.addCall(call)
  return liveInboundCall(exchange, call, { answers: 'human', ...person })
}
