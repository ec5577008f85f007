/** An answer that the carrier refuses with; the API layer turns it into Twilio's error body. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly code: number
  readonly status: number

  constructor(code: number, detail?: string) {
    super(detail ?? errorText(code))
    this.code = code
    this.status = statuses[code] ?? 400
  }
}

export function refuse(code: number, detail?: string): never {
  throw new Refusal(code, detail)
}

export function errorBody({ code, message, status }: { code: number; message: string; status: number }): object {
  return { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }
}

/** What the carrier calls an error. Codes: https://www.twilio.com/docs/api/errors. */
export function errorText(code: number): string {
  return texts[code] ?? `Error ${code}`
}

/** HTTP status by code; every other refusal is 400. */
const statuses: Readonly<Record<number, number>> = {
  20003: 401,
  20008: 403,
  20009: 409,
  20404: 404,
  20429: 429,
  20500: 500,
}

const texts: Readonly<Record<number, string>> = {
  11200: 'HTTP retrieval failure',
  12100: 'Document parse failure',
  12200: 'Schema validation warning',
  12300: 'Invalid Content-Type',
  13420: 'Invalid audio type for Play',
  20001: 'Unknown or invalid parameter',
  20003: 'Authenticate',
  20007: 'Page size too large',
  20008: 'Resource not accessible with Test Account Credentials',
  20009: 'Cannot change the message: its delivery has not completed',
  20404: 'The requested resource was not found',
  20429: 'Too Many Requests',
  20500: 'An internal server error has occurred',
  21201: "No 'To' number is specified",
  21205: "'Url' is not a valid URL, or it is missing",
  21210: 'The source phone number is not owned by or verified for this account',
  21211: "The 'To' number is not a valid phone number",
  21212: "The 'From' number is not a valid phone number, short code or alphanumeric sender id",
  21213: "'From' phone number is required",
  21214: "The 'To' phone number cannot be reached",
  21215: 'Account not authorized to call this number: check the geographic permissions',
  21216: 'Account not allowed to call this number',
  21217: 'The phone number does not appear to be valid',
  21220: 'Call is not in-progress',
  21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
  21602: 'Message body, media or ContentSid is required',
  21603: "A 'From' or 'MessagingServiceSid' parameter is required",
  21604: "A 'To' phone number is required",
  21606: "The 'From' phone number is not a valid, message-capable sender of this account for this destination",
  21609: "The 'StatusCallback' URL is not a valid URL",
  21610: 'Attempt to send to unsubscribed recipient',
  21611: "The queue of this 'From' number is full",
  21612: "The 'To' phone number is not currently reachable from this sender",
  21614: "The 'To' number is not a valid mobile number",
  21617: 'The concatenated message body exceeds the 1600 character limit',
  21620: 'Invalid media URL',
  21623: 'Number of media files exceeds the allowed limit',
  21654: 'ContentSid is required with ContentVariables',
  21655: 'The ContentSid is invalid',
  21656: 'The ContentVariables parameter is invalid',
  21701: 'The Messaging Service does not exist',
  21910: "'From' and 'To' must be of the same channel",
  30001: 'Queue overflow',
  30002: 'Account suspended',
  30003: 'Unreachable destination handset',
  30004: 'Message blocked',
  30005: 'Unknown destination handset',
  30006: 'Landline or unreachable carrier',
  30007: 'Message filtered',
  30008: 'Unknown error',
  30036: 'Validity period expired',
  30409: 'This message cannot be canceled',
  63003: 'Channel could not find the To address',
  63007: 'Could not find a Channel with the specified From address',
  63013: "Channel provider's policy violated",
  63014: 'Blocked by the recipient on the channel',
  63016: 'Failed to send freeform message: outside the allowed window, use a template',
  63018: 'Channel rate limit exceeded',
  63019: 'Channel failed to download the media',
  63021: 'Channel did not accept the content',
  63024: 'Invalid message recipient',
  90007: 'The validity period must be between 1 and 36000 seconds',
}
