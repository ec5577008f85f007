/** The clock of a host that is not ours to move: what reads the time in this process, libraries too, goes by it. */
export type HostClock = {
  /** On (or back) by so many milliseconds, at once. */
  leap(milliseconds: number): void
}

/** From now on the host's clock reads `startsAt` (epoch ms) and runs on from there; timers and `performance` stay as they are. */
export function takeHostClock(startsAt: number): HostClock {
  const begun = performance.now()
  let leapt = 0
  const now = () => Math.floor(startsAt + performance.now() - begun + leapt)
  const RealDate = Date
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
    get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
  })
  return {
    leap(milliseconds) {
      leapt += milliseconds
    },
  }
}
