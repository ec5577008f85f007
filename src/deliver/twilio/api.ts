import { createRequire } from 'node:module'
import type domains from 'twilio/lib/base/Domain.js'
import type exceptions from 'twilio/lib/base/RestException.js'
import type versions from 'twilio/lib/base/Version.js'
import { BalanceListInstance } from 'twilio/lib/rest/api/v2010/account/balance.js'
import { CallListInstance } from 'twilio/lib/rest/api/v2010/account/call.js'
import { IncomingPhoneNumberListInstance } from 'twilio/lib/rest/api/v2010/account/incomingPhoneNumber.js'
import { MessageListInstance } from 'twilio/lib/rest/api/v2010/account/message.js'
import { OutgoingCallerIdListInstance } from 'twilio/lib/rest/api/v2010/account/outgoingCallerId.js'
import type { UndiciTransport } from './http.ts'

// What a CommonJS module calls its default is no default for Node.
const require = createRequire(import.meta.url)
const { default: Domain } = require('twilio/lib/base/Domain.js') as typeof domains
const { default: Version } = require('twilio/lib/base/Version.js') as typeof versions
/** What the API answered instead of what it was asked for. */
export const { default: RestException } = require('twilio/lib/base/RestException.js') as typeof exceptions

const BASE_URL = 'https://api.twilio.com'

/**
 * The parts of the Twilio SDK that the program calls, on a transport of our own. The SDK's client would load its HTTP library, its
 * tokens and every other product with them: 20 MB that nobody uses.
 */
export function twilioApi(options: {
  accountSid: string
  apiBaseUrl?: string | undefined
  transport: UndiciTransport
}) {
  const { accountSid, transport } = options
  // Of its client the SDK's resources ask for `request` alone.
  const client = transport as unknown as ConstructorParameters<typeof Domain>[0]
  const domain = new Domain(client, options.apiBaseUrl ?? BASE_URL)
  const version = new Version(domain, '2010-04-01') as Parameters<typeof MessageListInstance>[0]
  return {
    messages: MessageListInstance(version, accountSid),
    calls: CallListInstance(version, accountSid),
    balance: BalanceListInstance(version, accountSid),
    incomingPhoneNumbers: IncomingPhoneNumberListInstance(version, accountSid),
    outgoingCallerIds: OutgoingCallerIdListInstance(version, accountSid),
  }
}
