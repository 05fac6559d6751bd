/**
 * Event-service with the embedded engine as a process of its own: over a PostgreSQL where `BENCH_DATABASE` names one, else over PGlite in
 * memory. With `BENCH_MEMBERS` the tenant acme has so many people more, whose tokens stand in `members.json`; with `BENCH_PUSHING` there are so
 * many tenants more, whose keys stand in `pushing.json`.
 */

import { writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { createEmbeddedRealtime, createEventService, createKeySet, createRevocation, openPglite, openPostgres, seedDemo, type Database, type EventService } from '@neo-stack/event-service'

const { BENCH_DATABASE: url, BENCH_MEMBERS: members = '0', BENCH_PUSHING: pushing = '0', HOST: host = '127.0.0.1', PORT: port = '0', NEO_DATA_DIR: folder = '.' } = process.env
const database = await (url === undefined ? openPglite() : openPostgres({ url }))
const { users } = await seedDemo(database)
const keys = await createKeySet()
const revocation = await createRevocation({ database })
const realtime = createEmbeddedRealtime({ jwks: () => keys.jwks, isAllowed: revocation.isAllowed })
const service = await createEventService({ database, realtime, keys, revocation })
const { key } = await service.identity.apiKeys.create({ tenantId: 'acme', name: 'bench', permissions: ['events:publish', 'usage:write'], actor: { type: 'system', id: 'bench' } })
await writeFile(`${folder}/demo.json`, JSON.stringify({ users, apiKeys: [{ tenantId: 'acme', key, permissions: ['events:publish', 'usage:write'] }] }), { mode: 0o600 })
await writeFile(`${folder}/members.json`, JSON.stringify(await addMembers(database, service, Number(members))), { mode: 0o600 })
await writeFile(`${folder}/pushing.json`, JSON.stringify(await addTenants(database, service, Number(pushing))), { mode: 0o600 })
// Ended as by itself: a profile is written then.
process.once('SIGTERM', () => process.exit())
await service.app.listen({ host, port: Number(port) })
console.log(`http://${host}:${(service.app.server.address() as AddressInfo).port}`)

/** People without a password, who are signed in from the start. */
async function addMembers(into: Database, { identity }: EventService, count: number): Promise<{ userId: string, token: string }[]> {
  const people = Array.from({ length: count }, (_, n) => ({ id: randomUUID(), tenant_id: 'acme', email: `member-${n}@acme.example`, name: `Member ${n}`, password_hash: '', roles: ['member'] }))
  await into.inSystem(async tx => {
    for (let first = 0; first < count; first += 500) await tx.insertInto('users').values(people.slice(first, first + 500)).execute()
  })
  return Promise.all(people.map(async ({ id, roles }) => ({ userId: id, token: (await identity.tokens.signAccess({ userId: id, tenantId: 'acme', roles, sessionId: randomUUID() })).token })))
}

/** Tenants with a key that pushes and reads samples. */
async function addTenants(into: Database, { identity }: EventService, count: number): Promise<{ tenantId: string, key: string }[]> {
  const tenants = Array.from({ length: count }, (_, n) => ({ id: `pushing-${n}`, name: `Cliente ${n}` }))
  const made: { tenantId: string, key: string }[] = []
  if (count > 0) await into.inSystem(tx => tx.insertInto('tenants').values(tenants).execute())
  for (const { id } of tenants) {
    const { key: own } = await identity.apiKeys.create({ tenantId: id, name: 'bench', permissions: ['metrics:write', 'metrics:read'], actor: { type: 'system', id: 'bench' } })
    made.push({ tenantId: id, key: own })
  }
  return made
}
