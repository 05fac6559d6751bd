import { createEventService, type EventService, type EventServiceOptions } from '../src/app.ts'
import type { Database } from '../src/database/database.ts'
import { seedDemo } from '../src/identity.ts'
import type { Realtime, RealtimeTarget } from '../src/realtime/realtime.ts'
import { openPrepared } from './prepared-database.ts'
import type { Seeded } from '../src/tenants/seed.ts'

/** Cheap hashes and no limits in the way. */
const defaults = {
  passwordCost: 4, authLimits: { signInPerAddress: { points: 10_000, seconds: 1 } },
  stacks: ['odoo', 'netbox', 'wazuh'].map(type => ({ type, label: type, fields: [] })),
} satisfies Partial<EventServiceOptions>

export interface TestService extends EventService {
  database: Database
  seeded: Seeded
  /** What realtime was told to cut; over a shared database whoever was cut is cut again each second. */
  cut: (RealtimeTarget & { reason: string })[]
  /** The same, each once. */
  ends: () => (RealtimeTarget & { reason: string })[]
  /** Moves the service's clock. */
  advance: (ms: number) => void
  now: () => number
  passwordOf: (email: string) => string
  keyOf: (tenantId: string | null) => string
  bearer: (email: string) => Promise<{ authorization: string }>
  stop: () => Promise<void>
}

export function createSilentRealtime(cut: TestService['cut'] = []): Realtime {
  return {
    deliver: () => Promise.resolve(),
    disconnect: (target, reason) => { cut.push({ ...target, reason }); return Promise.resolve() },
    stats: () => Promise.resolve({ connections: 3, users: 2, channels: 5, subscriptions: 7 }),
    close: () => Promise.resolve(),
  }
}

/** A service with the demonstration's accounts on a database of its own, or on a given one. */
export async function startService(options: Partial<EventServiceOptions> = {}): Promise<TestService> {
  const database = options.database ?? await openPrepared()
  let offset = 0
  const now = (): number => Date.now() + offset
  const cut: TestService['cut'] = []
  const seeded = await seedDemo(database, { passwordCost: 4 })
  const service = await createEventService({ ...defaults, realtime: createSilentRealtime(cut), now, ...options, database })
  const passwordOf = (email: string): string => seeded.users.find(user => user.email === email)?.password ?? ''
  return {
    ...service, database, seeded, cut, ends: () => cut.filter(({ reason }) => reason !== 'access revoked'), now, passwordOf,
    advance: ms => { offset += ms },
    keyOf: tenantId => seeded.apiKeys.find(key => key.tenantId === tenantId)?.key ?? '',
    bearer: async email => {
      const answer = await service.app.inject({ method: 'POST', url: '/v1/session', payload: { email, password: passwordOf(email) } })
      return { authorization: `Bearer ${String(answer.json<{ accessToken: string }>().accessToken)}` }
    },
    stop: async () => {
      await service.close()
      if (!options.database) await database.close()
    },
  }
}
