/** The office's short word for a kind of permit; one that is not known stays as it was written. */
export function parsePermitKind(text: string): string {
  return synonyms.get(squash(text)) ?? text
}

function squash(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, '')
}

const spellings: Record<string, string> = {
  ITK: 'itk, kitk, izin tinggal kunjungan, visit stay permit, visit, kunjungan',
  ITAS: 'itas, kitas, e-itas, e-kitas, izin tinggal terbatas, limited stay permit, kartu izin tinggal terbatas, terbatas',
  ITAP: 'itap, kitap, e-itap, e-kitap, izin tinggal tetap, permanent stay permit, kartu izin tinggal tetap, tetap',
  VOA: 'voa, e-voa, visa on arrival, vksk, visa kunjungan saat kedatangan, itk voa, b1',
  BVK: 'bvk, bvks, bebas visa, bebas visa kunjungan, visa exemption, visa free',
  F: 'f, indeks f, index f',
  DIPLOMATIK: 'diplomatik, diplomatic, izin tinggal diplomatik, diplomatic stay permit, diplomat',
  DINAS: 'dinas, izin tinggal dinas, official, service, official stay permit',
}

const synonyms: ReadonlyMap<string, string> = new Map(
  Object.entries(spellings).flatMap(([kind, words]) => words.split(',').map((word) => [squash(word), kind] as const)),
)
