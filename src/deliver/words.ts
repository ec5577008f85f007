import { factsOf } from '../compose/facts.ts'
import { templateFor } from '../compose/template.ts'
import { type NoticeFacts, smsWords, voiceScript, whatsappWords } from '../compose/words.ts'
import type { Vault } from '../db/seal.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import type { Channel } from '../lib/office.ts'
import type { PhoneNumber } from '../lib/phone.ts'
import { type LinkParts, tokenOf } from '../scan/plan-deliveries.ts'
import type { NoticeFactsRow } from './facts.ts'
import type { DeliverDeps } from './settings.ts'

/** What one attempt says, frozen at the claim. */
export type Words =
  | { channel: 'sms'; body: string; segments: number; link: string }
  | { channel: 'whatsapp'; text: string; contentSid: string; variables: Record<string, string>; link: string }
  | { channel: 'call'; text: string; voiceNoteId: number }

/** As an attempt keeps them: with the number they went to, for that of the delivery may be corrected before the next. */
export type Said = Words & { to?: PhoneNumber }

export function linkOf(publicBaseUrl: string, token: string): string {
  return `${publicBaseUrl}/n/${token}`
}

/**
 * Where the carrier tells of an attempt. By default it does not repeat a callback that met an error: ask for it
 * (twilio.com/docs/usage/webhooks/webhooks-connection-overrides).
 */
export function statusCallbackOf(publicBaseUrl: string, attemptId: number): string {
  return `${publicBaseUrl}/twilio/status?attempt=${attemptId}#rc=5&rp=all`
}

/** The link's token of a delivery: that of its first notice. */
export function tokenFor(vault: Vault, channel: Channel, first: NoticeFactsRow): string {
  const parts: LinkParts = {
    issuedBy: first.issuedBy,
    permitNo: first.permitNo,
    expiresOn: first.cycleExpiresOn,
    stage: first.stage,
    role: first.role,
    channel,
  }
  return tokenOf(vault, parts)
}

export function factsFor(
  deps: Pick<DeliverDeps, 'office' | 'publicBaseUrl'>,
  notices: readonly NoticeFactsRow[],
  token: string,
  today: CivilDate,
): NoticeFacts {
  return factsOf({
    office: deps.office,
    told: notices.map((notice) => ({
      expiresOn: notice.cycleExpiresOn,
      kind: notice.kind,
      reference: notice.reference,
      planStage: notice.planStage,
    })),
    role: notices.some((notice) => notice.role === 'sponsor') ? 'sponsor' : 'resident',
    link: linkOf(deps.publicBaseUrl, token),
    today,
  })
}

export type Composed = { ok: true; words: Words } | { ok: false; reason: 'needs-voice' | 'no-template' }

/** The words of one attempt. A call waits for its voice note: `needs-voice`. */
export function compose(
  deps: Pick<DeliverDeps, 'office' | 'templates' | 'voiceNotes'>,
  delivery: { channel: Channel; language: string; voiceNoteId: number | null; voiceKey: string | null },
  facts: NoticeFacts,
): Composed {
  const { template } = templateFor(deps.templates, delivery.language)
  if (delivery.channel === 'sms') {
    const { body, segments } = smsWords(template, facts)
    return { ok: true, words: { channel: 'sms', body, segments, link: facts.link } }
  }
  if (delivery.channel === 'whatsapp') {
    const contentSid = deps.office.whatsappTemplates[delivery.language]
    if (contentSid === undefined) return { ok: false, reason: 'no-template' }
    const { text, variables } = whatsappWords(template, facts)
    return { ok: true, words: { channel: 'whatsapp', text, contentSid, variables, link: facts.link } }
  }
  const fits = deps.voiceNotes
    .requests(delivery.language, (one) => voiceScript(one, facts))
    .some((request) => request.contentKey === delivery.voiceKey)
  if (!fits || delivery.voiceNoteId === null) return { ok: false, reason: 'needs-voice' }
  return {
    ok: true,
    words: { channel: 'call', text: voiceScript(template, facts).text, voiceNoteId: delivery.voiceNoteId },
  }
}
