/** Strokes on a grid of 24, drawn for this console. */
const PATHS = {
  home: 'M4 11.500 12 5l8 6.500M6.500 10v9h11v-9M10 19v-5h4v5',
  building:
    'M5 20.500V4.500h9v16M14 9.500h5v11M3.500 20.500h17M8 8h3M8 11.500h3M8 15h3M16.500 13v.01M16.500 16.500v.01',
  clock: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 8v4.500l3 2',
  list: 'M9 6h11M9 12h11M9 18h11M4.500 6h.01M4.500 12h.01M4.500 18h.01',
  check: 'M5 12.500 9.500 17 19 7.500',
  people:
    'M9 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M3.500 19c0-3 2.500-5 5.500-5s5.500 2 5.500 5M16 5.500a3 3 0 0 1 0 5M17.500 14.500c2 .7 3 2.300 3 4.500',
  person: 'M12 4.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7M5 19.500c0-3.500 3-5.500 7-5.500s7 2 7 5.500',
  send: 'M20 4 10.500 13.500M20 4l-6 16-3.500-6.500L4 10z',
  chart: 'M4 20h16M7 16v-5M12 16V6M17 16v-8',
  phone:
    'M6 4h3l1.500 4.500L8.500 10c1 2.500 3 4.500 5.500 5.500l1.500-2L20 15v3c0 1-1 2-2 2C11 20 4 13 4 6c0-1 1-2 2-2',
  message: 'M4 5h16v11H10l-4 4v-4H4z',
  warning: 'M12 4 3 19.500h18zM12 10v4M12 17h.01',
  shield: 'M12 3.500 5 6v5.500c0 4.500 3 7.500 7 9 4-1.500 7-4.500 7-9V6z',
  search: 'M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12M15.500 15.500 20 20',
  download: 'M12 4v11M7.500 11 12 15.500 16.500 11M5 19.500h14',
  upload: 'M12 16V5M7.500 9.500 12 5l4.500 4.500M5 19.500h14',
  print: 'M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z',
  file: 'M7 3.500h7L18 8v12.500H7zM14 3.500V8h4',
  key: 'M8 8.500a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 12.500h8.500M17 12.500v3M20 12.500v2',
  out: 'M14 8V5H5v14h9v-3M10 12h10.500M17 8.500l3.500 3.500-3.500 3.500',
  gear: 'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6M12 3.500v2.500M12 18v2.500M3.500 12H6M18 12h2.500M6 6l1.800 1.800M16.200 16.200 18 18M18 6l-1.800 1.800M7.800 16.200 6 18',
  globe:
    'M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17M3.500 12h17M12 3.500c4.500 5 4.500 12 0 17M12 3.500c-4.500 5-4.500 12 0 17',
  down: 'M6.500 9.500 12 15l5.500-5.500',
  up: 'M6.500 14.500 12 9l5.500 5.500',
  left: 'M14.500 6.500 9 12l5.500 5.500',
  right: 'M9.500 6.500 15 12l-5.500 5.500',
  plus: 'M12 5v14M5 12h14',
  note: 'M5 4h14v11l-5 5H5zM14 20v-5h5M8.500 8.500h7M8.500 12h4',
  play: 'M8 5.500v13l10.500-6.500z',
  calendar: 'M4.500 6h15v14h-15zM4.500 10h15M8.500 3.500V8M15.500 3.500V8',
  pause: 'M8.500 5.500v13M15.500 5.500v13',
  more: 'M5.500 12h.01M12 12h.01M18.500 12h.01',
} as const

export type IconName = keyof typeof PATHS

/** Decoration beside words, never instead of them. */
export function icon(name: IconName, size = 20): string {
  return `<svg class="icon" viewBox="0 0 24 24" width="${size}" height="${size}" fill="none" stroke="currentColor" stroke-width="1.750" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="${PATHS[name]}"/></svg>`
}
