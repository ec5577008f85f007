import { readFileSync } from 'node:fs'
import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { AppError, messageOf } from './errors.ts'
import { type OfficeFile, officeSchema } from './office-schema.ts'

/** The file as written, checked. Throws AppError('config') with every fault: line, key path, value, what is allowed. */
export function readOfficeFile(file: string): OfficeFile {
  const lines = new LineCounter()
  const document = parseDocument(readText(file), { lineCounter: lines })
  const broken = document.errors.map(({ message }) => message.split('\n')[0] ?? message)
  if (broken.length > 0) throw faulty(file, broken)

  const content: unknown = document.toJS()
  const parsed = officeSchema.safeParse(content)
  const faults = (parsed.error?.issues ?? []).flatMap((issue) => describe(issue, document.contents, lines))
  for (const key of unverifiedKeys(content)) {
    if (find(document.contents, key.split('.')).missing) faults.push(`unverified: there is no key ${key} in this file`)
  }
  if (!parsed.success || faults.length > 0) throw faulty(file, faults)
  return parsed.data
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
