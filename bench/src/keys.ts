/** The demo tenant's keys and accounts, as the load generator uses them. */

import { createClient, type Client } from '@neo-stack/client'
import type { PlatformProcess } from '@neo-stack/testing'

/** The key that may publish all families of a tenant. */
export async function readServiceKey(platform: PlatformProcess, tenantId: string): Promise<string> {
  const { apiKeys } = await platform.demo()
  const key = apiKeys.find(one => one.tenantId === tenantId)?.key
  if (key === undefined) throw new Error(`demo.json has no key of ${tenantId}`)
  return key
}

/** E-mail and password of a demo account. */
export async function readAccount(platform: PlatformProcess, email: string): Promise<{ email: string, password: string }> {
  const { users } = await platform.demo()
  const user = users.find(one => one.email === email)
  if (user === undefined) throw new Error(`demo.json has no account ${email}`)
  return user
}

/** A client that acts as a tenant's service and repeats nothing by itself. */
export async function createServiceClient(platform: PlatformProcess, tenantId: string): Promise<Client> {
  return createClient({ baseUrl: platform.url, apiKey: await readServiceKey(platform, tenantId), request: { retries: 0 } })
}
