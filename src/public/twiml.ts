import type { FastifyReply } from 'fastify'
import type VoiceResponse from 'twilio/lib/twiml/VoiceResponse.js'
import { type Template, type Templates, templateFor } from '../compose/template.ts'

/** One thing that is heard: a recording of ours, or words for the carrier's own voice. */
export type Utterance = { play: string } | { say: string; voice: string; language: string }

export type CallStep = {
  utterances: readonly Utterance[]
  /** Where a pressed key goes; listens while the utterances are heard and some seconds after. */
  keysTo?: string
  /** Where the call goes when everything was heard and no key came; without it the call ends. */
  then?: string
}

const SECONDS_FOR_A_KEY = 6

/** The carrier's instructions for one step of a call. Play takes no Ogg (twilio.com/docs/voice/twiml/play). */
export async function callTwiml({ utterances, keysTo, then }: CallStep): Promise<string> {
  const { default: Response } = await import('twilio/lib/twiml/VoiceResponse.js')
  const response = new Response()
  const speaker = keysTo
    ? response.gather({ numDigits: 1, timeout: SECONDS_FOR_A_KEY, action: keysTo, method: 'POST', input: ['dtmf'] })
    : response
  for (const utterance of utterances) {
    if ('play' in utterance) speaker.play(utterance.play)
    else speaker.say(sayAttributes(utterance), utterance.say)
  }
  if (then) response.redirect({ method: 'POST' }, then)
  else response.hangup()
  return response.toString()
}

/** Whom a language is said with: its template where the carrier has a voice for it, else English and Indonesian, one after the other. */
export function spokenTemplates(templates: Templates, language: string): Template[] {
  const { template, asked } = templateFor(templates, language)
  if (asked === null && template.voices.google) return [template]
  return ['en', 'id'].flatMap((tag) => templates.get(tag) ?? [])
}

export function said(template: Template, text: string): Utterance {
  const voice = template.voices.google
  return voice
    ? { say: text, voice: `Google.${voice.name}`, language: voice.language_code }
    : { say: text, voice: 'alice', language: 'en-US' }
}

export function sendTwiml(reply: FastifyReply, document: string): FastifyReply {
  return reply.type('text/xml; charset=utf-8').send(document)
}

function sayAttributes({ voice, language }: { voice: string; language: string }): VoiceResponse.SayAttributes {
  return { voice, language } as VoiceResponse.SayAttributes
}
