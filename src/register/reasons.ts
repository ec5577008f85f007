import type { PhoneFault, PhoneRemark } from '../lib/phone.ts'
import type { Reason } from './fault.ts'

/** What can be wrong in a cell, apart from dates, which say it themselves. */
export const reasons = {
  missing: { id: 'wajib diisi', en: 'is required and empty' },
  identity: { id: 'isi nomor paspor atau nomor register', en: 'a passport number or a register number is required' },
  debris: {
    id: 'angkanya dirusak spreadsheet; ketik ulang sebagai teks',
    en: 'was mangled by a spreadsheet; enter it again as text',
  },
  noLetter: { id: 'tidak memuat huruf', en: 'holds no letter' },
  country: {
    id: 'negara tidak dikenal; pakai kode ISO atau nama negara',
    en: 'is no known country; use an ISO code or a country name',
  },
  passport: { id: 'bukan nomor paspor', en: 'is not a passport number' },
  sex: { id: 'harus L atau P', en: 'must be M or F' },
  language: { id: 'bahasa tidak dikenal; pakai kode seperti en', en: 'is no known language; use a tag such as en' },
  inFuture: { id: 'tanggal di masa depan', en: 'lies in the future' },
  issuedLate: { id: 'sesudah tanggal berakhir', en: 'is later than the date of expiry' },
} as const satisfies Record<string, Reason>

export const phoneReasons: Record<PhoneFault | PhoneRemark, Reason> = {
  'not-a-number': { id: 'bukan nomor telepon', en: 'is not a telephone number' },
  'not-valid': { id: 'tidak ada nomor telepon seperti itu', en: 'no such telephone number can exist' },
  mangled: reasons.debris,
  ambiguous: {
    id: 'bisa nomor Indonesia, bisa nomor negara asal; tulis dengan 0 atau +',
    en: "could be an Indonesian number or one of the owner's country; write it with 0 or +",
  },
  premium: { id: 'nomor bertarif khusus', en: 'is a premium-rate number' },
  'first-of-several': {
    id: 'lebih dari satu nomor; dipakai yang pertama',
    en: 'holds several numbers; the first good one is used',
  },
  'extension-dropped': { id: 'nomor ekstensi diabaikan', en: 'has an extension, which is left out' },
}
