/**
 * Where invented people come from: `country` as an Indonesian clerk writes it, mobile numbers with # for digits, given names
 * of men and women in turn; _ stands for a space in a name.
 */
export type Nation = {
  country: string
  share: number
  mobile: string
  given: string
  family: string
  familyFirst?: true
}

/** Shares follow what the office's press reports say; every name and number is made up. */
export const nations = {
  TH: { country: 'Thailand', share: 16, mobile: '+66 80 000 ####', given: 'Nattapong Suda Preecha Malee Ibrohim Fatimoh Kamon Ariya', family: 'Srisuk Wongdee Chaiyo Maneerat Samae Yusoh Thongchai Boonmee' }, // biome-ignore format: a table
  TW: { country: 'Taiwan', share: 14, mobile: '+886 900 000 ###', given: 'Chih-Ming Shu-Fen Chun-Hao Mei-Ling Kuo-Hua Ya-Ting Wei-Jen Hsiu-Ying', family: 'LIN CHEN WU HUANG TSAI HSU LIAO CHIANG', familyFirst: true }, // biome-ignore format: a table
  MY: { country: 'Malaysia', share: 14, mobile: '+60 11-1000 ####', given: 'Hafiz Nurul Farid Siti Azlan Mei_Yee Kumaran Aisyah', family: 'Osmanuddin Razaki Sallehan Tan Lim Subramaniam Daudin Jusohari' }, // biome-ignore format: a table
  DE: { country: 'Jerman', share: 10, mobile: '+49 171 39200##', given: 'Jürgen Katrin Matthias Anneliese Björn Sabine Uwe Friederike', family: 'Müllerhof Weißgerber Kästner Vogelsang Lindenau Brandhuber Sommerfeldt Öztürk' }, // biome-ignore format: a table
  JP: { country: 'Jepang', share: 9, mobile: '+81 90-1000-####', given: 'Haruto Sakura Kenta Akiko Takumi Emi Daisuke Yuki', family: 'SATOYAMA KOBAYAKAWA NAKAGAWA FUJIMORI ISHIDA UEHARA OGAWA TANIMOTO', familyFirst: true }, // biome-ignore format: a table
  US: { country: 'Amerika Serikat', share: 8, mobile: '+1 202-555-01##', given: 'Marcus Emily Travis Danielle Jerome Rachel Luis Hannah', family: "Whitcomb O'Hara Delacroix-Jones Ramirez Sundquist Abernathy Kowalczyk Freeman" }, // biome-ignore format: a table
  CN: { country: 'RRT', share: 6, mobile: '+86 130 0000 ####', given: 'Jianguo Xiulan Zhiqiang Lihua Haoran Meixia Dongsheng Yufei', family: 'WANGSUN ZHAO QIAN SUNLI FENG DENG CAOYI XUE', familyFirst: true }, // biome-ignore format: a table
  KR: { country: 'Korea Selatan', share: 5, mobile: '+82 10-0000-####', given: 'Min-jun Seo-yeon Ji-hoon Ha-eun Dong-hyun Soo-jin Tae-yang Bo-ra', family: 'KIMYA BAEK NAMGUNG SEOMUN YOON HEO JEGAL MIN', familyFirst: true }, // biome-ignore format: a table
  NL: { country: 'Belanda', share: 4, mobile: '+31 6 1000 ####', given: 'Pieter Annelies Joost Marijke Sander Femke Wouter Hendrika', family: 'van_der_Linde de_Groote Hoogeveen van_Zandt Kuipersma ter_Horst Bosveld IJsbrandy' }, // biome-ignore format: a table
  IN: { country: 'India', share: 4, mobile: '+91 90000 0####', given: 'Rajesh Priyanka Anil Sunita Vikram Lakshmi Arjun Meena', family: 'Khandelwalia Iyengarath Choudharyan Patelkar Nairwal Guptesh Deshmane Rathorey' }, // biome-ignore format: a table
  PH: { country: 'Filipina', share: 4, mobile: '+63 905 000 ####', given: 'Jose_Ramon Maricel Rodel Analyn Efren Cristina Danilo Lourdes', family: 'Villamorosa Dimalanta Catacutan Macaraegan Pangilin Sumulongan Tolentado Batungbakal' }, // biome-ignore format: a table
  PK: { country: 'Pakistan', share: 3, mobile: '+92 300 000####', given: 'Bilal Ayesha Imran Sadia Usman Rubina Faisal Nadia', family: 'Qureshani Malikzai Chaudhriwal Bhuttani Khattakzai Mirzada Siddiquan Awanzai' }, // biome-ignore format: a table
  TL: { country: 'Timor-Leste', share: 3, mobile: '+670 7700 0###', given: 'Domingos Filomena Agostinho Natércia Joaquim Olinda Mateus Rosita', family: 'da_Costa_Belo Ximenes_Lay Soares_Pinto Guterres_Maia Amaral_Lobo Freitas_Dai Sarmento_Rai Tilman_Baru' }, // biome-ignore format: a table
  AU: { country: 'Australia', share: 3, mobile: '+61 491 570 ###', given: 'Gareth Bronwyn Shane Kirsty Darren Tegan Callum Narelle', family: 'Woolcott Birdwood Fairweather McAllenby Tranter Nolanby Greenway Harcourt' }, // biome-ignore format: a table
  SA: { country: 'Arab Saudi', share: 2, mobile: '+966 50 000 ####', given: 'Abdulaziz Noura Faisal Huda Sultan Reem Turki Latifa', family: 'Al-Qasimari Al-Harbiyan Al-Dosarin Al-Ghamdin Al-Mutairan Al-Shehrin Al-Otaibin Al-Zahranin' }, // biome-ignore format: a table
  YE: { country: 'Yaman', share: 2, mobile: '+967 770 000 ###', given: 'Salim Amat_al-Rahman Hamud Arwa Ghalib Bilqis Saddam Taqwa', family: 'Ba-Wazira Al-Hadhramin Bin_Yahyan Al-Kathirin Ba-Abbadan Al-Saqqafin Bin_Sumaitin Al-Haddadin' }, // biome-ignore format: a table
  BD: { country: 'Bangladesh', share: 2, mobile: '+880 1700-00####', given: 'Rafiqul Shirin Jahangir Nasrin Mizanur Taslima Kamrul Rokeya', family: 'Islamuddin Begumtaz Hossaini Akhterun Rahmanullah Sarkeran Mondalin Sikderi' }, // biome-ignore format: a table
  MM: { country: 'Myanmar', share: 2, mobile: '+95 9 250 000 ###', given: 'Aung Thiri Kyaw Sandar Zaw Khin Htet Moe', family: 'Kyaw_Thu_Ya Hnin_Pwint Min_Lwin_Oo Myat_Noe Naing_Win_Tun Su_Wai Lin_Htut Ei_Phyu' }, // biome-ignore format: a table
  FR: { country: 'Prancis', share: 2, mobile: '+33 7 50 00 ## ##', given: 'Benoît Hélène Loïc Margaux Étienne Solène Rémi Chloé', family: 'Delaunaye Béranger-Roy Courtepaille Montreuillon Lefebvrier Chastaing Duquesnoy Vaillancel' }, // biome-ignore format: a table
  SG: { country: 'Singapura', share: 2, mobile: '+65 8100 ####', given: 'Wei-Jie Hui-Min Arif Shanti Jun-Kai Xin-Yi Rashid Devi', family: 'Tan_Ah_Kow Lim_Siew Hamzahan Pillai-Raj Ong_Teck Goh_Bee Ismaila Menon-Das' }, // biome-ignore format: a table
  VN: { country: 'Vietnam', share: 2, mobile: '+84 90 000 ####', given: 'Thanh_Tung Ngoc_Anh Quang_Huy Bich_Thuy Duc_Long Kim_Chi Hoang_Nam Lan_Huong', family: 'NGUYEN_PHUC TRAN_LE PHAM_VU HOANG_DO VO_LY DANG_BUI LUU_HA TRINH_MAI', familyFirst: true }, // biome-ignore format: a table
  NG: { country: 'Nigeria', share: 1, mobile: '+234 803 000 ####', given: 'Chukwuemeka Ngozi Babatunde Folake Ifeanyi Aisha Obinna Temitope', family: 'Okonjoba Adeyemisi Nwachukwuma Balogunle Ezenwata Ogunbiyi Danjumai Olatundey' }, // biome-ignore format: a table
  LB: { country: 'Libanon', share: 1, mobile: '+961 70 000 ###', given: 'Georges Rima Ziad Carine Marwan Nayla Fadi Joumana', family: 'Khouryan Haddadine Najmeh Saadeddin Tannourin Abi-Ramia Ghosnay Daherin' }, // biome-ignore format: a table
  RU: { country: 'Rusia', share: 1, mobile: '+7 900 000 ####', given: 'Aleksei Olga Dmitrii Svetlana Ilia Nataliia Pavel Iuliia', family: 'Berezovnin Lesnaia Polevoi Ozerskaia Snegirin Rechnaia Kamnev Zimina' }, // biome-ignore format: a table
  EG: { country: 'Mesir', share: 1, mobile: '+20 100 000 ####', given: 'Mahmoud Dina Karim Heba Tarek Yasmin Sherif Mona', family: 'El-Naggarin Abdelsamad_Zaki Fouadin El-Masriwy Hegazyan Shaarawin El-Banhawy Mansourin' }, // biome-ignore format: a table
} satisfies Record<string, Nation>

export type NationCode = keyof typeof nations

export const districts = {
  'Kota Blitar': 'Sananwetan Sukorejo Kepanjenkidul',
  'Kabupaten Blitar': 'Srengat Wlingi Kanigoro Garum Talun Sutojayan Ponggok',
  'Kabupaten Tulungagung': 'Tulungagung Kedungwaru Boyolangu Ngunut Campurdarat Besuki Kauman',
} as const

export const streets = 'Merdeka Melati Kenanga Cempaka Anggrek Veteran Mastrip Diponegoro Kartini Sudirman Dahlia Mawar'

/** Who answers for whom, by purpose of stay. */
export const sponsors = {
  work: [
    'PT Marmer Besole Contoh',
    'CV Garmen Brantas Contoh',
    'PT Pabrik Rokok Contoh Jaya',
    'PT Perikanan Popoh Contoh',
  ],
  study: ['Universitas Contoh Tulungagung', 'Pondok Pesantren Contoh Barokah', 'Institut Contoh Blitar'],
  family: [
    'Sri Contohwati',
    'Bambang Contohadi',
    'Dewi Misalnya',
    'Agus Umpamanto',
    'Rini Contohningsih',
    'Slamet Misalkan',
  ],
  retirement: ['PT Lansia Contoh Bahagia'],
  visit: ['Suyatno Umpamawan', 'Endah Contohsari', ''],
  mission: ['Yayasan Contoh Harapan'],
} as const

export type Purpose = keyof typeof sponsors

export const purposeWords: Record<Purpose, string> = {
  work: 'Bekerja',
  study: 'Pelajar',
  family: 'Penyatuan keluarga',
  retirement: 'Lanjut usia',
  visit: 'Kunjungan',
  mission: 'Rohaniwan',
}
