import type { FastifyReply, FastifyRequest } from 'fastify'
import { Eta } from 'eta'
import { join } from 'node:path'
import type { CivilDate } from '../lib/civil-date.ts'
import type { Office } from '../lib/office.ts'
import type { Language, Officer, Theme } from './officer.ts'

export function render(reply: FastifyReply, officer: Officer | null, page: string, data: { title: string } & Record<string, unknown>): string {
  throw new Error('being written')
}
