import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { AppError } from '../../lib/errors.ts'
import type { Transport } from './google-endpoint.ts'

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform'

const serviceAccount = z.object({
  type: z.literal('service_account'),
  client_email: z.string(),
  private_key: z.string(),
  private_key_id: z.string(),
})

/**
 * Client options for a service account's key file; without a file, none (Google's application default credentials). The
 * key signs each call itself, so no token is fetched. Throws `config` if the file is not such a key.
 */
export async function withCredentials(file: string | undefined) {
  if (file === undefined) return {}
  const key = parseKey({ file, content: await readFile(file, 'utf8') })
  const { googleAuthLibrary } = await import('google-gax')
  const authClient = new googleAuthLibrary.JWT({
    email: key.client_email,
    key: key.private_key,
    keyId: key.private_key_id,
    scopes: [SCOPE],
  })
  authClient.useJWTAccessWithScope = true
  return { authClient }
}

/** Client options for a loopback server. Given nothing, the client would look for a metadata server and wait for it. */
export async function withoutCredentials(transport: Transport) {
  const { googleAuthLibrary, grpc } = await import('google-gax')
  const authClient = new googleAuthLibrary.PassThroughClient()
  return transport === 'rest'
    ? { authClient, protocol: 'http' }
    : { authClient, sslCreds: grpc.credentials.createInsecure() }
}

function parseKey({ file, content }: { file: string; content: string }): z.infer<typeof serviceAccount> {
  const parsed = serviceAccount.safeParse(jsonOf(content))
  if (parsed.success) return parsed.data
  throw new AppError('config', `${file} is not the key file (JSON) of a Google service account`)
}

/** Undefined for what is not JSON; the schema then refuses it. */
function jsonOf(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    return undefined
  }
}
