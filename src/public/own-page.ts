import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Vault } from '../db/seal.ts'

/** Whoever asks `GET /` with this header, 16 to 64 letters, digits, `-` or `_`, is answered in the other one. */
export const CHALLENGE_HEADER = 'x-tenggat-challenge'
export const ANSWER_HEADER = 'x-tenggat-answer'

const CHALLENGE = /^[A-Za-z0-9_-]{16,64}$/

/** Only who holds the same keys can give it: a page that stands in for ours cannot. */
export function answerTo(vault: Pick<Vault, 'token'>, challenge: string): string {
  return vault.token('own page', challenge)
}

export function answerChallenge(vault: Pick<Vault, 'token'>, request: FastifyRequest, reply: FastifyReply): void {
  const challenge = request.headers[CHALLENGE_HEADER]
  if (typeof challenge !== 'string' || !CHALLENGE.test(challenge)) return
  // No cache on the way may keep an answer for the next one.
  reply.header(ANSWER_HEADER, answerTo(vault, challenge)).header('cache-control', 'no-store')
}
