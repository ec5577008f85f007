import { z } from 'zod'
import { chance } from './chance.ts'

const common = {
  /** Share of the matching occasions that are struck; default all. */
  rate: z.number().min(0).max(1).optional(),
  /** Strikes at most so often. */
  times: z.int().positive().optional(),
  /** Lets so many matching occasions pass first. */
  skip: z.int().nonnegative().optional(),
  /** Only this phone (plain number). */
  to: z.string().optional(),
  /** Only this resource. */
  resource: z.enum(['messages', 'calls']).optional(),
}
const request = { ...common, on: z.enum(['create', 'read', 'any']).default('create') }
const callback = { ...common, status: z.string().optional() }
const when = z.enum(['before', 'after'])

export const faultSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('latency'), ms: z.number().positive(), ...request }),
  z.strictObject({ kind: z.literal('too-many-requests'), retryAfterS: z.number().positive().default(1), ...request }),
  /** `after`: the resource was accepted and lives, the client sees an error. */
  z.strictObject({ kind: z.literal('server-error'), when, status: z.int().min(500).max(599).default(500), ...request }),
  z.strictObject({ kind: z.literal('cut'), when, ...request }),
  /** Any error code, at once. */
  z.strictObject({ kind: z.literal('refuse'), code: z.int(), ...request }),
  /** Any error code, after the message or call was accepted. */
  z.strictObject({
    kind: z.literal('fail'),
    code: z.int(),
    status: z.enum(['failed', 'undelivered']).default('undelivered'),
    ...common,
  }),
  z.strictObject({ kind: z.literal('account'), state: z.enum(['suspended', 'no-balance']) }),
  z.strictObject({ kind: z.literal('listing-delay'), ms: z.number().nonnegative() }),
  z.strictObject({ kind: z.literal('lose-callback'), ...callback }),
  z.strictObject({ kind: z.literal('double-callback'), ...callback }),
  /** This callback goes out after the next one about the same message or call. */
  z.strictObject({ kind: z.literal('reorder-callback'), ...callback }),
  z.strictObject({ kind: z.literal('delay-callback'), ms: z.number().positive(), ...callback }),
])

export type Fault = z.infer<typeof faultSchema>
export type FaultKind = Fault['kind']
type FaultOf<K extends FaultKind> = Extract<Fault, { kind: K }>

export type Occasion = {
  to: string
  resource: 'messages' | 'calls'
  action?: 'create' | 'read'
  status?: string
}

export type FaultControl = {
  /** Replaces all faults; their counters start again. Throws a ZodError on a fault it does not know. */
  set(faults: readonly z.input<typeof faultSchema>[]): void
  add(...faults: readonly z.input<typeof faultSchema>[]): void
  clear(): void
  list(): readonly Fault[]
}

/** Faults on demand. Whether one strikes depends on the seed, the phone and how often that phone met it: never on timing. */
export class Faults implements FaultControl {
  readonly #seed: number
  #rules: { fault: Fault; seen: number; struck: number; seenBy: Map<string, number> }[] = []

  constructor({ seed }: { seed: number }) {
    this.#seed = seed
  }

  set(faults: readonly z.input<typeof faultSchema>[]): void {
    const checked = faults.map((fault) => faultSchema.parse(fault))
    this.#rules = checked.map(fresh)
  }

  add(...faults: readonly z.input<typeof faultSchema>[]): void {
    this.#rules.push(...faults.map((fault) => fresh(faultSchema.parse(fault))))
  }

  clear(): void {
    this.#rules = []
  }

  list(): readonly Fault[] {
    return this.#rules.map(({ fault }) => fault)
  }

  /** The standing condition of this kind, if one is set. */
  standing<K extends 'account' | 'listing-delay'>(kind: K): FaultOf<K> | undefined {
    return this.#rules.map(({ fault }) => fault).find((fault): fault is FaultOf<K> => fault.kind === kind)
  }

  /** The first fault of this kind that strikes this occasion. Asking counts. */
  strike<K extends Exclude<FaultKind, 'account' | 'listing-delay'>>(
    kind: K,
    occasion: Occasion,
  ): FaultOf<K> | undefined {
    for (const [index, rule] of this.#rules.entries()) {
      if (rule.fault.kind !== kind || !concerns(rule.fault, occasion)) continue
      rule.seen += 1
      const nth = (rule.seenBy.get(occasion.to) ?? 0) + 1
      rule.seenBy.set(occasion.to, nth)
      const { skip = 0, times = Number.POSITIVE_INFINITY, rate = 1 } = rule.fault as FaultOf<'latency'>
      if (rule.seen <= skip || rule.struck >= times) continue
      if (chance(this.#seed, index, occasion.to, nth) >= rate) continue
      rule.struck += 1
      return rule.fault as FaultOf<K>
    }
    return undefined
  }
}

function fresh(fault: Fault): { fault: Fault; seen: number; struck: number; seenBy: Map<string, number> } {
  return { fault, seen: 0, struck: 0, seenBy: new Map() }
}

function concerns(fault: Fault, occasion: Occasion): boolean {
  if (fault.kind === 'account' || fault.kind === 'listing-delay') return false
  if (fault.to !== undefined && fault.to !== occasion.to) return false
  if (fault.resource !== undefined && fault.resource !== occasion.resource) return false
  if ('on' in fault && fault.on !== 'any' && fault.on !== occasion.action) return false
  return !('status' in fault && fault.kind.endsWith('callback') && fault.status && fault.status !== occasion.status)
}
