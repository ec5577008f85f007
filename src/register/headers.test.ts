import { describe, expect, it } from 'vitest'
import { columnsOf, fieldLabels, fields, findHeader } from './headers.ts'

describe('columnsOf', () => {
  it('knows every field by its own name and by its label', () => {
    expect([...columnsOf(fields).columns.keys()]).toEqual([...fields])
    expect([...columnsOf(Object.values(fieldLabels)).columns.keys()]).toEqual([...fields])
  })

  it.each([
    ['Nama', 'full_name'],
    ['NAMA LENGKAP', 'full_name'],
    ['Full Name', 'full_name'],
    ['fullName', 'full_name'],
    ['Kewarganegaraan', 'nationality'],
    ['No. Paspor', 'passport_no'],
    ['Nomor\u00a0Paspor', 'passport_no'],
    ['Passport Number', 'passport_no'],
    ['PASSPORT_NO', 'passport_no'],
    ['NIORA', 'register_no'],
    ['\ufeffregister_no', 'register_no'],
    ['Jenis Izin', 'permit_kind'],
    ['Jenis Ijin Tinggal', 'permit_kind'],
    ['Permit Type', 'permit_kind'],
    ['No. Izin', 'permit_no'],
    ['No\nKITAS', 'permit_no'],
    ['Berlaku s.d.', 'expires_on'],
    ['Berlaku s/d', 'expires_on'],
    ['Masa Berlaku', 'expires_on'],
    ['Tgl. Berakhir', 'expires_on'],
    ['Tanggal Habis Berlaku', 'expires_on'],
    ['Expiry Date', 'expires_on'],
    ['Valid Until (dd/mm/yyyy)', 'expires_on'],
    ['No. HP', 'phone'],
    ['Nomor Telepon', 'phone'],
    ['No. HP/WA', 'phone'],
    ['Penjamin', 'sponsor_name'],
    ['No. HP Penjamin', 'sponsor_phone'],
    ['Tgl Lahir', 'birth_date'],
    ['L/P', 'sex'],
    ['Kab./Kota', 'regency'],
    ['Tgl. Terbit', 'issued_on'],
  ])('takes %j for %s', (name, field) => {
    expect([...columnsOf([name]).columns.keys()]).toEqual([field])
  })

  it.each(['No', 'No.', 'Keterangan', 'Masa Berlaku Paspor', 'Alamat Penjamin', 'Tempat Lahir', ''])(
    'takes %j for no field',
    (name) => {
      expect(columnsOf([name]).columns.size).toBe(0)
    },
  )

  it('counts the first of two columns for one field and reports the other', () => {
    const { columns, unknown } = columnsOf(['No', 'No. HP', 'Telepon'])
    expect(columns.get('phone')).toBe(1)
    expect(unknown).toEqual(['No', 'Telepon'])
  })

  it('misses required columns, and one of passport and register number', () => {
    expect(columnsOf(['Nama', 'Jenis Izin', 'No. Izin']).missing).toEqual(['nationality', 'expires_on', 'passport_no'])
    expect(columnsOf(['name', 'nationality', 'niora', 'permit no', 'permit kind', 'expires on']).missing).toEqual([])
    expect(columnsOf(['name', 'nationality', 'passport', 'permit no', 'permit kind', 'expires on']).missing).toEqual([])
  })
})

describe('findHeader', () => {
  it('finds the header below titles and above data', () => {
    expect(
      findHeader([['DAFTAR WNA'], [], ['No', 'Nama', 'Kewarganegaraan', 'No. Paspor'], ['1', 'Nama', 'Jepang', 'X1']]),
    ).toBe(2)
  })

  it('finds none where no row names three columns', () => {
    expect(
      findHeader([
        ['Siti', 'MY', 'A1234567'],
        ['Nama', 'Alamat'],
      ]),
    ).toBeUndefined()
  })
})
