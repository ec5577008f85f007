/** What the program stands on; its clock begins with `now` (epoch ms). */
export type ProgramGround = { folder: string; port: number; sandboxUrl: string; now: number }

/** What the soak asks of the program: `at` sets its clock (epoch ms) and does all that is due then. */
export type Order = { do: 'at'; instant: number } | { do: 'import'; file: string } | { do: 'measure' }

export type Answer = {
  /** After `at`: the next instant (epoch ms) at which something is due, and how much was sent or heard. */
  next?: number | null
  taken?: number
  /** After `measure`: bytes, and open files and sockets. */
  rss?: number
  heap?: number
  handles?: number
}
