import { IntlMessageFormat } from 'intl-messageformat'

export type Values = Readonly<Record<string, string | number>>

/**
 * Which arguments a message must hold in each of its branches, and which more it may. A `brief` one also stands for the
 * full: {last_day_brief} for {last_day}.
 */
export type Slots = { needs: readonly string[]; may?: readonly string[]; brief?: readonly string[] }

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  extend: ['yes', 'no', 'ask', 'other'],
  hurry: ['yes', 'other'],
}

type Elements = ReturnType<IntlMessageFormat['getAst']>

/** What is wrong with `message` for its place in a template, each fault one sentence; empty when nothing is. */
export function faultsOf(message: string, { needs, may = [], brief = [] }: Slots): string[] {
  let elements: Elements
  try {
    elements = compile(message, 'en').getAst()
  } catch (error) {
    return [`not a valid ICU message (${error instanceof Error ? error.message : String(error)})`]
  }
  const briefs = new Map(brief.map((name) => [`${name}_brief`, name]))
  const allowed = [...needs, ...may, ...briefs.keys()]
  const used = argumentsOf(elements)
  const certain = certainArgumentsOf(elements, briefs)
  const list = allowed.length > 0 ? allowed.map((name) => `{${name}}`).join(', ') : 'no argument'
  return [
    ...[...used]
      .filter((name) => !allowed.includes(name))
      .map((name) => `{${name}} does not exist here; allowed: ${list}`),
    ...needs
      .filter((name) => !certain.has(name))
      .map((name) => (used.has(name) ? `{${name}} is missing in a branch` : `{${name}} is missing`)),
    ...choiceFaultsOf(elements),
  ]
}

/** Formats messages of one language with Latin digits; each distinct message is parsed once. */
export function formatter(locale: string): (message: string, values?: Values) => string {
  const compiled = new Map<string, IntlMessageFormat>()
  return (message, values = {}) => {
    let format = compiled.get(message)
    if (!format) {
      format = compile(message, `${locale}-u-nu-latn`)
      compiled.set(message, format)
    }
    // Where a branch is empty two spaces meet; where a date ends in an abbreviation ("28. Sept.") two full stops do.
    return String(format.format(values)).replaceAll(/ {2,}/g, ' ').replaceAll('..', '.').trim()
  }
}

function compile(message: string, locale: string): IntlMessageFormat {
  return new IntlMessageFormat(message, locale, undefined, { ignoreTag: true })
}

function argumentsOf(elements: Elements): Set<string> {
  const names = new Set<string>()
  for (const element of elements) {
    if (isArgument(element)) names.add(element.value)
    for (const branch of branchesOf(element)) for (const name of argumentsOf(branch)) names.add(name)
  }
  return names
}

function certainArgumentsOf(elements: Elements, aliases: ReadonlyMap<string, string>): Set<string> {
  let names = new Set<string>()
  for (const element of elements) {
    const branches = branchesOf(element).map((branch) => certainArgumentsOf(branch, aliases))
    const [first, ...others] = branches
    if (first) names = names.union(others.reduce((shared, branch) => shared.intersection(branch), first))
    if (isArgument(element)) names.add(aliases.get(element.value) ?? element.value)
  }
  return names
}

function choiceFaultsOf(elements: Elements): string[] {
  return elements.flatMap((element) => {
    if (!('options' in element)) return []
    const choices = CHOICES[element.value]
    const wrong = choices ? Object.keys(element.options).filter((key) => !choices.includes(key)) : []
    return [
      ...wrong.map((key) => `"${key}" is no value of {${element.value}}; allowed: ${choices?.join(', ')}`),
      ...branchesOf(element).flatMap(choiceFaultsOf),
    ]
  })
}

function branchesOf(element: Elements[number]): Elements[] {
  return 'options' in element ? Object.values(element.options).map((option) => option.value) : []
}

function isArgument(element: Elements[number]): element is Elements[number] & { value: string } {
  const LITERAL = 0
  return element.type !== LITERAL && 'value' in element
}
