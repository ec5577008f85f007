import type { FastifyRequest } from 'fastify'
import { Form } from './form.ts'

/** What a handler answers: the HTTP status and the JSON body (none for 204). */
export type Result = { status: number; body?: Record<string, unknown> }
export type Handler = (request: FastifyRequest) => Promise<Result> | Result
export type Route = {
  method: 'GET' | 'POST' | 'DELETE'
  /** Below `/2010-04-01/Accounts/{sid}`; empty for the account itself. */
  path: string
  resource?: 'messages' | 'calls'
  action: 'create' | 'read' | 'change'
  handler: Handler
}

/** The form of a POST. */
export function formOf(request: FastifyRequest): Form {
  return new Form(request.body instanceof URLSearchParams ? request.body : new URLSearchParams())
}

/** The `{sid}.json` at the end of a resource's path. */
export function sidOf(request: FastifyRequest): string {
  return String((request.params as Record<string, string>).file).replace(/\.json$/, '')
}
