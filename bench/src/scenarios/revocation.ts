/** How soon sockets are closed once somebody's rights end: from the request of who ends them to the close at the client. */

import type { Client } from '@neo-stack/client'
import { createTestPlatform, openRawSocket, until, type RawSocket, type TestPlatform } from '@neo-stack/testing'
import { WITH_THE_LOAD, type BenchContext, type Measured, type Scenario } from '../scenario.ts'
import { summarise } from '../statistics.ts'
import type { Row } from '../table.ts'

const ROUNDS = 100
/** Sockets of others that are open meanwhile, and of whoever is cut. */
const BYSTANDERS = 500
const SOCKETS = 5

export const revocation: Scenario = {
  cores: WITH_THE_LOAD,
  doc: `sockets closed after a session, a person, a key, a tenant or a person's roles were revoked, beside ${BYSTANDERS} others; embedded`,
  run: measure,
}

/** Whom a round cuts: a bearer to open sockets with, the act that ends it, and what makes the next round possible. */
interface Round { bearer: string, act: () => Promise<unknown>, undo?: () => Promise<unknown> }

async function measure({ say }: BenchContext): Promise<Measured> {
  await using platform = await createTestPlatform()
  const [owner, operator] = [await platform.client('owner', 'globex'), await platform.operator()]
  const others = await Promise.all(Array.from({ length: BYSTANDERS }, () => open(platform, platform.keys['acme'] ?? '')))
  say(`${others.length} sockets beside`)
  const rows: Row[] = []
  for (const [what, next] of Object.entries(createRounds(platform, owner, operator))) rows.push(...await run(platform, what, next))
  const lost = others.filter(({ closed }) => closed).length
  for (const socket of others) socket.close()
  return { rows: [...rows, { name: 'others cut', value: lost, unit: '', goal: '0' }] }
}

function createRounds(platform: TestPlatform, owner: Client, operator: Client): Record<string, () => Promise<Round>> {
  const person = async (): Promise<{ bearer: string, client: Client, of: { tenantId: string, userId: string } }> => {
    const client = await platform.client('member', 'globex')
    return { client, bearer: String(await client.session.getAccessToken()), of: { tenantId: 'globex', userId: client.session.user?.id ?? '' } }
  }
  return {
    'session': async () => {
      const { client, bearer } = await person()
      return { bearer, act: () => client.session.signOut() }
    },
    'person shut out': async () => {
      const { bearer, of } = await person()
      return { bearer, act: () => owner.rest.users.disable(of), undo: () => owner.rest.users.enable(of) }
    },
    'roles changed': async () => {
      const { bearer, of } = await person()
      return { bearer, act: () => owner.rest.users.putRoles(of, { roles: ['viewer'] }), undo: () => owner.rest.users.putRoles(of, { roles: ['member'] }) }
    },
    'API key': async () => {
      const { apiKey, key = '' } = await owner.rest.apiKeys.create('globex', { name: 'bench', permissions: ['alerts:read'] })
      return { bearer: key, act: () => owner.rest.apiKeys.revoke('globex', apiKey.id) }
    },
    'tenant': () => Promise.resolve({
      bearer: platform.keys['globex'] ?? '', act: () => operator.rest.admin.tenants.suspend('globex'), undo: () => operator.rest.admin.tenants.resume('globex'),
    }),
  }
}

async function run(platform: TestPlatform, what: string, next: () => Promise<Round>): Promise<Row[]> {
  const samples: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const { bearer, act, undo } = await next()
    const sockets = await Promise.all(Array.from({ length: SOCKETS }, () => open(platform, bearer)))
    const startedAt = performance.now()
    const acting = act()
    await Promise.all(sockets.map(async socket => {
      await until(() => socket.closed, { everyMs: 1, timeoutMs: 30_000, what: 'the socket to be closed' })
      samples.push(performance.now() - startedAt)
    }))
    await acting
    await undo?.()
  }
  const { p50, p99 } = summarise(samples)
  return [{ name: `${what}: request → sockets closed, p50`, value: p50, unit: 'ms' }, { name: `${what}: request → sockets closed, p99`, value: p99, unit: 'ms', goal: '≤ 200' }]
}

async function open(platform: TestPlatform, bearer: string): Promise<RawSocket> {
  const answer = await fetch(`${platform.url}/v1/realtime/connection-token`, { method: 'POST', headers: { authorization: `Bearer ${bearer}` } })
  const { token } = await answer.json() as { token: string }
  const socket = await openRawSocket(platform.url)
  await socket.ask({ connect: { token } })
  return socket
}
