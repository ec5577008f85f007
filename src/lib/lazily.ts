/** What takes time or memory to make and is often not needed: made when it is first asked for, then the same. */
export function lazily<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
