import type { Exchange } from './exchange.ts'
import type { Form } from './form.ts'
import { numberKind } from './numbers.ts'
import type { CallEvent, CallPlan, Method } from './records.ts'
import { refuse } from './refusals.ts'

const known = [
  'To From Url Method FallbackUrl FallbackMethod Twiml StatusCallback StatusCallbackMethod StatusCallbackEvent Timeout',
  'TimeLimit MachineDetection MachineDetectionTimeout MachineDetectionSpeechThreshold CallReason',
  'MachineDetectionSpeechEndThreshold MachineDetectionSilenceTimeout AsyncAmd AsyncAmdStatusCallback',
  'AsyncAmdStatusCallbackMethod',
].flatMap((names) => names.split(' '))
const notSimulated = [
  'ApplicationSid SendDigits Record RecordingChannels RecordingStatusCallback RecordingStatusCallbackMethod',
  'RecordingStatusCallbackEvent RecordingConfigurationId RecordingTrack SipAuthUsername SipAuthPassword Trim CallerId',
  'Passports Byoc CallToken ClientNotificationUrl',
].flatMap((names) => names.split(' '))

const methods: readonly Method[] = ['GET', 'POST']
const events: readonly CallEvent[] = ['initiated', 'ringing', 'answered', 'completed']

/** The call the client wants. Throws a Refusal with the code that Twilio would refuse it with. */
export function readCall(form: Form, exchange: Exchange): { to: string; from: string; plan: CallPlan } {
  form.allow({ known, notSimulated })
  const to = form.text('To') ?? refuse(21201)
  const from = form.text('From') ?? refuse(21213)
  checkNumbers({ to, from, exchange })
  return { to, from, plan: readPlan(form) }
}

/** A plan with nothing in it but where the TwiML comes from: for calls that come in. */
export function planFor(url: string): CallPlan {
  return {
    url,
    method: 'POST',
    fallbackUrl: null,
    fallbackMethod: 'POST',
    twiml: null,
    statusCallback: null,
    statusCallbackMethod: 'POST',
    events: [],
    timeoutS: 60,
    timeLimitS: 14_400,
    machineDetection: null,
    asyncAmd: false,
    asyncAmdStatusCallback: null,
    asyncAmdStatusCallbackMethod: 'POST',
  }
}

function checkNumbers({ to, from, exchange }: { to: string; from: string; exchange: Exchange }): void {
  const { senders, testCredentials } = exchange.behaviour()
  if (testCredentials) {
    checkMagic(to, from)
    return
  }
  const kind = numberKind(to)
  if (kind === 'invalid') refuse(21217, `The phone number ${to} does not appear to be valid`)
  if (kind === 'unroutable') refuse(21214)
  if (numberKind(from) === 'invalid') refuse(21212)
  if (senders?.calls.includes(from) === false) refuse(21210)
}

/** https://www.twilio.com/docs/iam/test-credentials */
function checkMagic(to: string, from: string): void {
  const codes: Record<string, number> = {
    '+15005550001': 21217,
    '+15005550002': 21214,
    '+15005550003': 21215,
    '+15005550004': 21216,
  }
  if (codes[to] !== undefined) refuse(codes[to])
  if (from === '+15005550001') refuse(21212)
  if (from !== '+15005550006') refuse(21210)
}

function readPlan(form: Form): CallPlan {
  const url = form.url('Url', 21205) ?? null
  const twiml = form.text('Twiml') ?? null
  if (url === null && twiml === null) refuse(21205, 'Url parameter is required')
  if (url !== null && twiml !== null) refuse(20001, 'Url and Twiml are mutually exclusive')
  if (twiml !== null && twiml.length > 4000) refuse(20001, 'Twiml is longer than 4000 characters')
  const asked = form.all('StatusCallbackEvent').flatMap((text) => text.split(' '))
  const unknown = asked.find((text) => !events.some((event) => event === text))
  if (unknown !== undefined) refuse(20001, `StatusCallbackEvent ${unknown}`)
  return {
    url,
    method: form.choice('Method', methods) ?? 'POST',
    fallbackUrl: form.url('FallbackUrl', 21205) ?? null,
    fallbackMethod: form.choice('FallbackMethod', methods) ?? 'POST',
    twiml,
    statusCallback: form.url('StatusCallback', 21609) ?? null,
    statusCallbackMethod: form.choice('StatusCallbackMethod', methods) ?? 'POST',
    events: asked.length > 0 ? events.filter((event) => asked.includes(event)) : ['completed'],
    timeoutS: form.whole('Timeout', { from: 1, to: 600 }) ?? 60,
    timeLimitS: form.whole('TimeLimit', { from: 1, to: 86_400 }) ?? 14_400,
    ...readDetection(form),
  }
}

function readDetection(
  form: Form,
): Pick<CallPlan, 'machineDetection' | 'asyncAmd' | 'asyncAmdStatusCallback' | 'asyncAmdStatusCallbackMethod'> {
  form.whole('MachineDetectionTimeout', { from: 3, to: 59 })
  form.whole('MachineDetectionSpeechThreshold', { from: 1000, to: 6000 })
  form.whole('MachineDetectionSpeechEndThreshold', { from: 500, to: 5000 })
  form.whole('MachineDetectionSilenceTimeout', { from: 2000, to: 10_000 })
  return {
    machineDetection: form.choice('MachineDetection', ['Enable', 'DetectMessageEnd']) ?? null,
    asyncAmd: form.choice('AsyncAmd', ['true', 'false']) === 'true',
    asyncAmdStatusCallback: form.url('AsyncAmdStatusCallback', 21609) ?? null,
    asyncAmdStatusCallbackMethod: form.choice('AsyncAmdStatusCallbackMethod', methods) ?? 'POST',
  }
}
