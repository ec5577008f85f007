import type { CarrierFault, Verdict } from '../carrier.ts'

/** One error code: what follows from it, and the sentence an officer reads: what happened, never what comes next. */
export type ErrorRow = { verdict: Verdict; id: string; en: string }

const row = (verdict: Verdict, id: string, en: string): ErrorRow => ({ verdict, id, en })

/** Twilio's codes by meaning (twilio.com/docs/api/errors/<code>). A code that is not here is loud and `transient`, a bounded number of times. */
export const ERROR_TABLE: ReadonlyMap<number, ErrorRow> = new Map([
  // The account: everything pauses, nobody is marked as failed.
  [
    20003,
    row(
      'account',
      'Akun operator ditolak: periksa SID dan token.',
      'The carrier refused our credentials: check SID and token.',
    ),
  ],
  [20005, row('account', 'Akun operator tidak aktif.', 'The carrier account is not active.')],
  [20006, row('account', 'Akses akun operator ditolak.', 'The carrier account denies access.')],
  [30002, row('account', 'Akun operator ditangguhkan.', 'The carrier account is suspended.')],
  [30010, row('account', 'Batas biaya akun operator tercapai.', 'The carrier account reached its price limit.')],
  [
    21218,
    row(
      'account',
      'Saldo akun operator habis atau akun ditangguhkan.',
      'The carrier account has no balance or is suspended.',
    ),
  ],
  [10001, row('account', 'Akun operator tidak aktif.', 'The carrier account is not active.')],
  [
    10002,
    row(
      'account',
      'Akun operator masih uji coba: hanya nomor terdaftar.',
      'The carrier account is on trial: verified numbers only.',
    ),
  ],
  [
    63051,
    row(
      'account',
      'Akun WhatsApp kantor dibatasi atau dikunci.',
      "The office's WhatsApp account is restricted or locked.",
    ),
  ],

  // Never processed: as often as it takes.
  [20429, row('busy', 'Operator meminta kita memperlambat.', 'The carrier asks us to slow down.')],
  [21611, row('busy', 'Antrean operator untuk pengirim ini penuh.', "The carrier's queue for this sender is full.")],
  [30001, row('busy', 'Antrean operator meluap.', "The carrier's queue overflowed.")],
  [63018, row('busy', 'Batas kecepatan WhatsApp tercapai.', 'The WhatsApp rate limit was reached.')],

  // This number will never work.
  [21211, row('recipient', 'Nomor tujuan tidak sah.', 'The number is not valid.')],
  [21214, row('recipient', 'Nomor tujuan tidak dapat dihubungi.', 'The number cannot be reached.')],
  [21217, row('recipient', 'Nomor tujuan tidak sah.', 'The number is not valid.')],
  [21401, row('recipient', 'Nomor tujuan tidak sah.', 'The number is not valid.')],
  [21421, row('recipient', 'Nomor tujuan tidak sah.', 'The number is not valid.')],
  [
    30005,
    row('recipient', 'Nomor tidak dikenal atau sudah tidak aktif.', 'The number is unknown or no longer in use.'),
  ],
  [13223, row('recipient', 'Format nomor tujuan tidak sah.', 'The dialled number is not valid.')],
  [13224, row('recipient', 'Nomor tujuan tidak sah.', 'The dialled number is not valid.')],

  // Not on this channel.
  [21614, row('channel', 'Bukan nomor seluler: tidak dapat menerima SMS.', 'Not a mobile number: it takes no SMS.')],
  [21635, row('channel', 'Telepon rumah: tidak dapat menerima SMS.', 'A landline: it takes no SMS.')],
  [
    30004,
    row('channel', 'SMS diblokir oleh penerima atau operatornya.', 'SMS is blocked by the recipient or the network.'),
  ],
  [
    30006,
    row('channel', 'Telepon rumah atau operator yang tidak terjangkau.', 'A landline or an unreachable network.'),
  ],
  [
    30011,
    row(
      'channel',
      'Jenis pesan ini tidak didukung jaringan tujuan.',
      'The network does not take this kind of message.',
    ),
  ],
  [63003, row('channel', 'Nomor ini tidak memakai WhatsApp.', 'This number is not on WhatsApp.')],
  [63024, row('channel', 'Nomor ini tidak dapat menerima WhatsApp.', 'This number cannot receive WhatsApp.')],
  [
    63015,
    row(
      'channel',
      'Nomor ini belum bergabung dengan pengirim WhatsApp uji.',
      'The number has not joined the test WhatsApp sender.',
    ),
  ],
  [63032, row('channel', 'WhatsApp membatasi penerima ini.', 'WhatsApp limits this user.')],
  [63049, row('channel', 'Meta memilih tidak mengirim pesan ini.', 'Meta chose not to deliver.')],
  [
    13227,
    row(
      'channel',
      'Panggilan ke nomor ini tidak diizinkan operator.',
      'The carrier does not permit calls to this number.',
    ),
  ],

  // The number said stop.
  [
    21610,
    row('opted-out', 'Penerima meminta berhenti di saluran ini.', 'The recipient asked to stop on this channel.'),
  ],
  [63014, row('opted-out', 'Penerima memblokir WhatsApp kantor.', "The recipient blocked the office's WhatsApp.")],

  // The route: a country or a sender.
  [
    21408,
    row(
      'route',
      'SMS ke negara ini belum diizinkan di akun operator.',
      'SMS to this country is not enabled in the account.',
    ),
  ],
  [
    21215,
    row(
      'route',
      'Panggilan ke negara ini belum diizinkan di akun operator.',
      'Calls to this country are not enabled in the account.',
    ),
  ],
  [
    21216,
    row(
      'route',
      'Operator tidak mengizinkan panggilan ke nomor semacam ini.',
      'The carrier does not allow calls to such numbers.',
    ),
  ],
  [21212, row('route', 'Nomor atau nama pengirim tidak sah.', 'The sender is not valid.')],
  [
    21606,
    row('route', 'Pengirim tidak dapat mengirim SMS ke tujuan ini.', 'The sender cannot send SMS to this destination.'),
  ],
  [21612, row('route', 'Tidak ada rute dari pengirim ini ke tujuan.', 'No route from this sender to the destination.')],
  [
    21657,
    row(
      'route',
      'Nama pengirim belum terdaftar untuk negara ini.',
      'The sender name is not registered for this country.',
    ),
  ],
  [21660, row('route', 'Pengirim bukan milik akun ini.', 'The sender does not belong to this account.')],
  [21210, row('route', 'Nomor penelepon belum diverifikasi.', 'The caller number is not verified.')],
  [21213, row('route', 'Nomor penelepon belum diatur.', 'The caller number is missing.')],
  [21603, row('route', 'Pengirim belum diatur.', 'The sender is not configured.')],
  [21703, row('route', 'Layanan pesan tidak memiliki pengirim.', 'The messaging service has no sender.')],
  [
    30007,
    row(
      'route',
      'SMS disaring operator: isi atau pengirim perlu ditinjau.',
      'SMS filtered by the network: review words or sender.',
    ),
  ],
  [
    30024,
    row(
      'route',
      'Nama pengirim belum didaftarkan di negara tujuan.',
      'The sender name is not provisioned for the country.',
    ),
  ],
  [30034, row('route', 'Pengirim belum terdaftar.', 'The sender is not registered.')],
  [30042, row('route', 'Nama pengirim belum terdaftar.', 'The sender name is not registered.')],
  [
    30450,
    row(
      'route',
      'Perlindungan penipuan SMS operator menghentikan rute ini.',
      "The carrier's SMS fraud protection stopped this route.",
    ),
  ],
  [63007, row('route', 'Pengirim WhatsApp tidak ditemukan.', 'The WhatsApp sender was not found.')],
  [63010, row('transient', 'Gangguan di WhatsApp.', 'A fault at WhatsApp.')],
  [63112, row('route', 'Akun bisnis WhatsApp dinonaktifkan Meta.', 'Meta disabled the WhatsApp business account.')],

  // Later.
  [30003, row('transient', 'Ponsel mati atau di luar jangkauan.', 'The phone is off or out of reach.')],
  [30008, row('transient', 'Jaringan tujuan tidak memberi alasan.', 'The network gave no reason.')],
  [
    30036,
    row('transient', 'Masa berlaku pesan habis sebelum terkirim.', 'The message expired before it was delivered.'),
  ],
  [30009, row('transient', 'Sebagian pesan hilang.', 'Part of the message was lost.')],
  [30017, row('transient', 'Jaringan tujuan penuh.', 'The network is congested.')],
  [30022, row('transient', 'Batas kecepatan jaringan terlampaui.', "The network's rate limit was exceeded.")],
  [63023, row('transient', 'Gangguan saluran WhatsApp.', 'A fault of the WhatsApp channel.')],
  [63017, row('transient', 'WhatsApp sedang tidak tersedia.', 'WhatsApp is not available.')],
  [63001, row('transient', 'WhatsApp sedang tidak tersedia.', 'WhatsApp is not available.')],
  [
    22005,
    row('transient', 'Panggilan terlalu lama mengantre di operator.', 'The call waited too long in the carrier queue.'),
  ],

  // Ours: set aside, loudly, and shown to the operator.
  [20001, row('defect', 'Kesalahan program: parameter salah.', 'Our defect: wrong parameter.')],
  [
    20404,
    row(
      'defect',
      'Kesalahan pengaturan: alamat operator tidak ditemukan.',
      'Our configuration: not found at the carrier.',
    ),
  ],
  [21602, row('defect', 'Kesalahan program: pesan kosong.', 'Our defect: empty message.')],
  [21604, row('defect', 'Kesalahan program: tanpa nomor tujuan.', 'Our defect: no destination.')],
  [
    21609,
    row(
      'defect',
      'Kesalahan pengaturan: PUBLIC_BASE_URL tidak diterima operator.',
      'Our configuration: PUBLIC_BASE_URL was refused.',
    ),
  ],
  [21617, row('defect', 'Kesalahan program: pesan terlalu panjang.', 'Our defect: the message is too long.')],
  [21620, row('defect', 'Kesalahan program: alamat audio tidak sah.', 'Our defect: bad media address.')],
  [21205, row('defect', 'Kesalahan pengaturan: alamat panggilan tidak sah.', 'Our configuration: bad call address.')],
  [
    11200,
    row('defect', 'Operator tidak dapat membuka alamat publik kita.', 'The carrier cannot reach our public address.'),
  ],
  [12300, row('defect', 'Kesalahan program: jenis isi salah.', 'Our defect: wrong content type.')],
  [12100, row('defect', 'Kesalahan program: petunjuk panggilan rusak.', 'Our defect: broken call document.')],
  [13420, row('defect', 'Kesalahan program: jenis audio salah.', 'Our defect: wrong audio type.')],
  [
    63013,
    row(
      'defect',
      'Templat WhatsApp melanggar aturan atau variabelnya kosong.',
      'The WhatsApp template or a variable was refused.',
    ),
  ],
  [
    63016,
    row(
      'defect',
      'Pesan WhatsApp di luar jendela 24 jam tanpa templat.',
      'WhatsApp outside the 24-hour window without a template.',
    ),
  ],
  [63019, row('defect', 'WhatsApp gagal mengunduh audio.', 'WhatsApp could not download the audio.')],
  [63021, row('defect', 'Variabel templat WhatsApp tidak sah.', 'WhatsApp template variables were refused.')],
  [
    63027,
    row(
      'defect',
      'Templat WhatsApp tidak ada dalam bahasa ini.',
      'The WhatsApp template does not exist in this language.',
    ),
  ],
  [21655, row('defect', 'Templat WhatsApp tidak dikenal.', 'The WhatsApp template is unknown.')],
  [21656, row('defect', 'Variabel templat WhatsApp tidak sah.', 'WhatsApp template variables are invalid.')],
])

/** The officer's sentence; an unknown code says its number. */
export function sentenceFor(code: number, language: 'id' | 'en'): string {
  const known = ERROR_TABLE.get(code)
  if (known) return known[language]
  return language === 'id' ? `Galat operator ${code} yang belum dikenal.` : `Unknown carrier error ${code}.`
}

/** The verdict on a code that came back by HTTP or by receipt; `known` false asks for a loud log. */
export function verdictOf(code: number): { verdict: Verdict; known: boolean } {
  const row = ERROR_TABLE.get(code)
  return row ? { verdict: row.verdict, known: true } : { verdict: 'transient', known: false }
}

/**
 * The verdict on an HTTP answer. 429 was never processed (twilio.com/docs/api/errors/20429); after a 5xx nobody knows;
 * any other refusal was not processed.
 */
export function faultOfAnswer(httpStatus: number, code: number | null, retryAfterMs?: number): CarrierFault {
  const about = { code, httpStatus }
  if (httpStatus === 429) return { ...about, verdict: 'busy', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  if (httpStatus >= 500) return { ...about, verdict: 'uncertain' }
  if (code !== null) return { ...about, verdict: verdictOf(code).verdict }
  if (httpStatus === 401 || httpStatus === 403) return { ...about, verdict: 'account' }
  return { ...about, verdict: 'defect' }
}
