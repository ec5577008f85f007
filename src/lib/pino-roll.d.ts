/** The package brings no types of its own: what is used of it. */
declare module 'pino-roll' {
  import type { SonicBoom } from 'sonic-boom'
  export default function roll(options: {
    /** Without its ending. */
    file: string
    extension: string
    frequency: 'daily'
    dateFormat: string
    limit: { count: number; removeOtherLogFiles: boolean }
    mkdir: boolean
    mode: number
    sync: boolean
  }): Promise<SonicBoom>
}
