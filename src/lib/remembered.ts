/**
 * The same function with its latest answers at hand, for what is asked over and over: a register or a day's messages have a few
 * thousand dates. Not for what names a person: it stays in memory.
 */
export function remembered<Asked extends string, Value extends object | string>(
  read: (asked: Asked) => Value,
  { most = 10_000 } = {},
): (asked: Asked) => Value {
  const known = new Map<Asked, Value>()
  return (asked) => {
    const before = known.get(asked)
    if (before !== undefined) return before
    if (known.size >= most) known.clear()
    const value = read(asked)
    known.set(asked, value)
    return value
  }
}
