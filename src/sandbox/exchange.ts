import type { Clock } from '../lib/clock.ts'
import type { Behaviour } from './behaviour.ts'
import type { Callbacks } from './callbacks.ts'
import type { Faults } from './faults.ts'
import type { MediaShelf } from './media.ts'
import type { Outgoing } from './outgoing.ts'
import type { Person } from './people.ts'
import type { Scheduler } from './scheduler.ts'
import type { Store } from './store.ts'

/** What the real carrier would show in its debugger: the client's webhook, TwiML or media was at fault. */
export type Alert = { at: number; sid: string; code: number; url: string; text: string }

/** The parts that the carrier's work is done with; sandbox.ts puts them together. */
export type Exchange = {
  accountSid: string
  authToken: string
  seed: number
  clock: Clock
  /** Real milliseconds between two steps in the life of a message or call. */
  gapMs: number
  behaviour(): Behaviour
  personAt(number: string): Person
  store: Store
  scheduler: Scheduler
  faults: Faults
  outgoing: Outgoing
  callbacks: Callbacks
  shelf: MediaShelf
  alert(alert: Omit<Alert, 'at'>): void
  /** Calls that the client wants to end. */
  hangUps: Set<string>
}
