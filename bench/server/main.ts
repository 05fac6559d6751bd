/** Event-service with the embedded engine over a PostgreSQL, as a process of its own: what `--database` measures instead of the platform. */

import { writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createEmbeddedRealtime, createEventService, createKeySet, createRevocation, openPostgres, seedDemo } from '@neo-stack/event-service'

const { BENCH_DATABASE: url = '', HOST: host = '127.0.0.1', PORT: port = '0', NEO_DATA_DIR: folder = '.' } = process.env
const database = await openPostgres({ url })
const { users } = await seedDemo(database)
const keys = await createKeySet()
const revocation = await createRevocation({ database })
const realtime = createEmbeddedRealtime({ jwks: () => keys.jwks, isAllowed: revocation.isAllowed })
const service = await createEventService({ database, realtime, keys, revocation })
const { key } = await service.identity.apiKeys.create({ tenantId: 'acme', name: 'bench', permissions: ['events:publish', 'usage:write'], actor: { type: 'system', id: 'bench' } })
await writeFile(`${folder}/demo.json`, JSON.stringify({ users, apiKeys: [{ tenantId: 'acme', key, permissions: ['events:publish', 'usage:write'] }] }), { mode: 0o600 })
await service.app.listen({ host, port: Number(port) })
console.log(`http://${host}:${(service.app.server.address() as AddressInfo).port}`)
