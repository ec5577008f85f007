/** A value that must not be seen anywhere; of a `phone` the digits of the national number, however they are spaced. */
export type Planted = { name: string; value: string; kind?: 'phone' }

export type Leak = { name: string; form: string }

type Form = { form: string; text: string }

/** Every planted value that `text` holds: as it is, in JSON, in a URL or form, in base64 or hexadecimal, as digits alone. */
export function leaksIn(text: string, planted: readonly Planted[]): Leak[] {
  const lower = text.toLowerCase()
  // A JSON line has only one kind of gap between two digits of one number.
  const digits = lower.replace(/(?<=\d)[ ().-]{1,3}(?=\d)/g, '')
  return planted.flatMap(({ name, value, kind }) => {
    const found = formsOf(value).find(({ form, text: wanted }) =>
      form.startsWith('base64') ? text.includes(wanted) : lower.includes(wanted.toLowerCase()),
    )
    if (found) return [{ name, form: found.form }]
    return kind === 'phone' && digits.includes(nationalDigits(value)) ? [{ name, form: 'digits' }] : []
  })
}

export function formsOf(value: string): Form[] {
  const bytes = Buffer.from(value)
  const forms = [
    { form: 'plain', text: value },
    { form: 'JSON', text: JSON.stringify(value).slice(1, -1) },
    { form: 'URL', text: encodeURIComponent(value) },
    { form: 'form', text: new URLSearchParams([['', value]]).toString().slice(1) },
    { form: 'hexadecimal', text: bytes.toString('hex') },
    ...[0, 1, 2].flatMap((skipped) => base64Within(bytes, skipped)),
  ]
  return forms.filter(({ text }, index) => forms.findIndex((other) => other.text === text) === index)
}

/** What stands in the base64 of anything that holds these bytes so many bytes after a multiple of three. */
function base64Within(bytes: Buffer, skipped: number): Form[] {
  const whole = bytes.subarray(skipped, skipped + 3 * Math.floor((bytes.length - skipped) / 3))
  return (['base64', 'base64url'] as const).map((form) => ({
    form: `${form} at ${skipped}`,
    text: whole.toString(form),
  }))
}

function nationalDigits(phone: string): string {
  return phone.replace(/\D/g, '').replace(/^(62|0)/, '')
}
