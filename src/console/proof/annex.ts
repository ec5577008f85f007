import type { Block, Rich } from '../pdf/content.ts'
import type { ProofAudio, ProofAudioFile } from './audio.ts'
import { statusText } from './notices.ts'
import type { ProofReceipt } from './receipts.ts'
import type { Saying } from './saying.ts'

/** What a line of the annex holds. */
const LINE_LETTERS = 112

/** The recordings with their hashes, computed again where the files are still kept. */
export function audioBlocks(audios: readonly ProofAudio[], saying: Saying): Block[] {
  const { t, tongue, instant } = saying
  return audios.flatMap((audio, at): Block[] => [
    { kind: 'heading', level: 2, text: t('proof.audioTitle', { n: at + 1 }) },
    {
      kind: 'facts',
      rows: [
        [t('proof.spoken'), audio.spoken.map(tongue).join(', ')],
        [t('proof.seconds'), t('proof.secondsValue', { n: audio.seconds })],
        [t('proof.voice'), `${audio.engine}: ${audio.voices}`],
        [t('proof.recordedAt'), instant(audio.madeAt)],
        ...audio.files.flatMap((file) => fileRows(file, saying)),
      ],
    },
  ])
}

/** Every receipt as it came, so that its signature can be verified again from the paper. */
export function annexBlocks(receipts: readonly ProofReceipt[], saying: Saying): Block[] {
  const { t } = saying
  const heading: Block[] = [{ kind: 'new-page' }, { kind: 'heading', level: 1, text: t('proof.annex') }]
  if (receipts.length === 0) return [...heading, { kind: 'text', text: t('proof.annexNone') }]
  return [
    ...heading,
    ...['proof.annexText', 'proof.annexVerify', 'proof.annexDocs'].map(
      (key): Block => ({ kind: 'text', text: t(key), size: 8.5 }),
    ),
    ...receipts.flatMap((receipt) => receiptBlocks(receipt, saying)),
  ]
}

/** Names in the order in which the signature takes them, values as JSON writes them, in ASCII alone; as many on a line as it holds. */
function parameterLines(parameters: Readonly<Record<string, string>>): string[] {
  const quoted = (text: string) =>
    JSON.stringify(text).replace(/[^\x20-\x7E]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const lines: string[] = []
  for (const name of Object.keys(parameters).sort()) {
    const pair = `${quoted(name)}: ${quoted(parameters[name]!)}`
    const last = lines.at(-1)
    if (last !== undefined && last.length + pair.length + 2 <= LINE_LETTERS)
      lines[lines.length - 1] = `${last}, ${pair}`
    else lines.push(pair)
  }
  return lines
}

function fileRows({ format, recorded, bytes, now }: ProofAudioFile, { t }: Saying): [string, Rich][] {
  const state =
    now === null ? t('proof.fileGone') : now === recorded ? t('proof.fileSame') : t('proof.fileOther', { digest: now })
  const changed = now !== null && now !== recorded
  return [
    [
      t('proof.digest', { format: format === 'mp3' ? 'MP3' : 'Ogg' }),
      [{ text: recorded, mono: true }, { text: ` (${t('proof.bytes', { n: bytes })})` }],
    ],
    ['', [{ text: state, colour: changed ? 'warning' : 'quiet', bold: changed }]],
  ]
}

function receiptBlocks(receipt: ProofReceipt, saying: Saying): Block[] {
  const { number, kind, status, at, sid, polled, signature, url, parameters } = receipt
  const { t, label, instant } = saying
  const title = `R${number} · ${label('receipt', kind)}: ${statusText(status, saying)} · ${instant(at)}`
  const head = polled
    ? [t('proof.annexPolled'), ...parameterLines({ sid, status })]
    : [`URL: ${url ?? t('proof.annexNoUrl')}`, `X-Twilio-Signature: ${signature ?? '–'}`]
  const body = parameters ? parameterLines(parameters) : polled ? [] : [t('proof.annexErased')]
  return [
    { kind: 'heading', level: 3, text: title },
    { kind: 'code', lines: [...head, ...body] },
  ]
}
