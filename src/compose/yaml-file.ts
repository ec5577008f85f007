import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { z } from 'zod'
import { messageOf } from '../lib/errors.ts'

/** The checked content of a YAML file, or every fault in it: the file, the key, what is wrong and what is allowed. */
export function readYaml<Schema extends z.ZodType>({
  file,
  schema,
}: {
  file: string
  schema: Schema
}): { content: z.infer<Schema> } | { faults: string[] } {
  let raw: unknown
  try {
    raw = parse(readFileSync(file, 'utf8'))
  } catch (error) {
    return { faults: [`${file}: cannot be read (${messageOf(error)})`] }
  }
  const checked = schema.safeParse(raw)
  if (checked.success) return { content: checked.data }
  return {
    faults: checked.error.issues.map((issue) => `${file}: ${issue.path.join('.') || 'file'}: ${reasonOf(issue)}`),
  }
}

function reasonOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => message).join('; ')
  return issue.message
}
