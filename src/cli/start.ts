import type { App } from '../app.ts'
import { runDaemon } from './daemon.ts'
import type { ExitCode } from './output.ts'

/** `start`: until SIGTERM or SIGINT. */
export async function startCommand(app: App, signal: AbortSignal): Promise<ExitCode> {
  await runDaemon(app, signal)
  return 0
}
