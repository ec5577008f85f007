const DARK = '[data-bs-theme=dark]'
const AUTO = '[data-bs-theme=auto]'

/**
 * The rules that a stylesheet has for `data-bs-theme=dark`, written for `auto` and for a screen that asks for dark: so
 * the device's choice needs no script.
 */
export function autoThemeOf(css: string): string {
  const dark = topRulesOf(css).flatMap(({ selector, body }) => {
    if (selector.startsWith('@') || !selector.includes(DARK)) return []
    const selectors = partsOf(selector).filter((one) => one.startsWith(DARK) || one.startsWith(`.navbar${DARK}`))
    return selectors.length === 0 ? [] : [`${selectors.join(',').replaceAll(DARK, AUTO)}{${body}}`]
  })
  return `@media screen and (prefers-color-scheme:dark){${dark.join('')}}`
}

/** Rules outside any block; what stands in `@media` and its like comes as one rule of that name. */
function topRulesOf(css: string): { selector: string; body: string }[] {
  const rules: { selector: string; body: string }[] = []
  let depth = 0
  let from = 0
  let open = 0
  let quote = ''
  for (let at = 0; at < css.length; at++) {
    const letter = css[at]!
    if (quote !== '') {
      if (letter === '\\') at += 1
      else if (letter === quote) quote = ''
    } else if (letter === '"' || letter === "'") quote = letter
    else if (letter === ';' && depth === 0) from = at + 1
    else if (letter === '{') {
      if (depth === 0) open = at
      depth += 1
    } else if (letter === '}') {
      depth -= 1
      if (depth === 0) {
        rules.push({ selector: css.slice(from, open).trim(), body: css.slice(open + 1, at) })
        from = at + 1
      }
    }
  }
  return rules
}

/** A selector list at its commas, but not at those within brackets. */
function partsOf(selector: string): string[] {
  return selector.split(/,(?![^([]*[)\]])/).map((one) => one.trim())
}
