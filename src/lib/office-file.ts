import { readFileSync } from 'node:fs'
import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { AppError, messageOf } from './errors.ts'
import { type OfficeFile, officeSchema } from './office-schema.ts'

/** What every office says of itself. */
const OWN = [
  ...['code', 'name', 'short_name', 'address', 'phone', 'phone_e164', 'map_url', 'website', 'verify_url'],
  ...['hours', 'areas', 'digest_to', 'unverified'],
]
/** What holds for the whole program, whichever office a resident belongs to. */
const COMMON = ['rates', 'prices', 'budget', 'retention', 'console', 'backup']

/**
 * The file as written, checked. With `base`, what the file leaves out is as it stands there, save what is each office's own.
 * Throws AppError('config') with every fault: line, key path, value, what is allowed.
 */
export function readOfficeFile(file: string, base?: string): OfficeFile {
  const { document, lines } = parse(file)
  const content: unknown = document.toJS()
  const faults: string[] = []
  if (base !== undefined) {
    for (const key of COMMON) {
      if (!find(document.contents, [key]).missing)
        faults.push(`${place([key], document.contents, lines)} holds for all offices: allowed in ${base} alone`)
    }
  }
  const parsed = officeSchema.safeParse(base === undefined ? content : completed(content, base))
  faults.push(...(parsed.error?.issues ?? []).flatMap((issue) => describe(issue, document.contents, lines)))
  for (const key of unverifiedKeys(content)) {
    if (find(document.contents, key.split('.')).missing) faults.push(`unverified: there is no key ${key} in this file`)
  }
  if (!parsed.success || faults.length > 0) throw faulty(file, faults)
  return parsed.data
}

function parse(file: string) {
  const lines = new LineCounter()
  const document = parseDocument(readText(file), { lineCounter: lines })
  const broken = document.errors.map(({ message }) => message.split('\n')[0] ?? message)
  if (broken.length > 0) throw faulty(file, broken)
  return { document, lines }
}

function completed(content: unknown, base: string): unknown {
  if (typeof content !== 'object' || content === null) return content
  const inherited = Object.entries(parse(base).document.toJS() as object).filter(([key]) => !OWN.includes(key))
  return { ...Object.fromEntries(inherited), ...content }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new AppError('config', `office file ${file} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

function faulty(file: string, faults: string[]): AppError {
  const list = faults.map((fault) => `  ${fault}`).join('\n')
  return new AppError('config', `office file ${file}, ${faults.length} to mend:\n${list}`)
}

function describe(issue: z.core.$ZodIssue, root: unknown, lines: LineCounter): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${place([...issue.path, key], root, lines)} is not known here; ${issue.message}`)
  }
  const { node, missing } = find(root, issue.path)
  const found = missing ? 'is missing' : isScalar(node) ? `is ${JSON.stringify(node.value)}` : 'is not right'
  return [`${place(issue.path, root, lines)} ${found}: ${reasonOf(issue)}`]
}

function reasonOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => message).join(', ')
  return issue.code === 'invalid_type' ? `${issue.expected} expected` : issue.message
}

/** `stages.14.channels[1] (line 40)`; the line is that of the nearest key which is there. */
function place(path: PropertyKey[], root: unknown, lines: LineCounter): string {
  const key = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
  const { node } = find(root, path)
  const offset = isNode(node) && node !== root ? node.range?.[0] : undefined
  return `${key.replace(/^\./, '') || 'the file'}${offset === undefined ? '' : ` (line ${lines.linePos(offset).line})`}`
}

/** The node at `path`, or the nearest one above it when `missing`. Keys compare as text, so that 14 finds `14:`. */
function find(root: unknown, path: PropertyKey[]): { node: unknown; missing: boolean } {
  let node = root
  for (const part of path) {
    const next: unknown = isMap(node)
      ? node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(part))?.value
      : isSeq(node)
        ? node.items[Number(part)]
        : undefined
    if (next === undefined || next === null) return { node, missing: true }
    node = next
  }
  return { node, missing: false }
}

function unverifiedKeys(content: unknown): string[] {
  const list = typeof content === 'object' && content !== null && 'unverified' in content ? content.unverified : []
  return Array.isArray(list) ? list.filter((key) => typeof key === 'string') : []
}
