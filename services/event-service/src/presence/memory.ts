/** The presence store of one process. */

import type { PresenceRecord } from './record.ts'
import { LEASE_MS, type PresenceStore, type UserKey } from './store.ts'

/** Users are looked for by this step of time, in milliseconds. */
const STEP_MS = 250

interface MemoryTenant {
  version: number
  records: Map<string, PresenceRecord>
}

/** Creates an empty store. */
export function createMemoryStore(): PresenceStore {
  const tenants = new Map<string, MemoryTenant>()
  const schedule = createSchedule()
  const hold = (tenantId: string, start: number): MemoryTenant => {
    const tenant = tenants.get(tenantId) ?? { version: start, records: new Map<string, PresenceRecord>() }
    tenants.set(tenantId, tenant)
    return tenant
  }
  const forget = (key: UserKey): void => {
    tenants.get(key.tenantId)?.records.delete(key.userId)
    schedule.delete(key)
  }
  return {
    change: async (key, change) => {
      const known = tenants.get(key.tenantId)?.records.get(key.userId)
      const next = change(known)
      if (next === known) return known
      if (!next) forget(key)
      else {
        hold(key.tenantId, 0).records.set(key.userId, next)
        schedule.set(key, next.lookAt)
      }
      return next
    },
    takeDue: async now => schedule.take(now),
    tell: async (tenantId, userIds, start) => {
      const tenant = hold(tenantId, 0)
      tenant.version = tenant.version === 0 ? start : tenant.version + 1
      return { version: tenant.version, users: userIds.flatMap(userId => tenant.records.get(userId)?.told ?? []) }
    },
    list: async (tenantId, start) => {
      const tenant = tenants.get(tenantId)
      if (tenant) tenant.version ||= start
      return { records: [...tenant?.records.values() ?? []], version: tenant?.version ?? start }
    },
    close: async () => undefined,
  }
}

interface Schedule {
  set: (key: UserKey, at: number) => void
  delete: (key: UserKey) => void
  take: (now: number) => UserKey[]
}

interface Planned {
  key: UserKey
  at: number
}

/** Keys by the step of time they are due in: setting one again costs the same whether there are ten or ten thousand. */
function createSchedule(): Schedule {
  const steps = new Map<number, Map<string, Planned>>()
  const stepOf = new Map<string, number>()
  const nameOf = ({ tenantId, userId }: UserKey): string => `${tenantId}/${userId}`
  const remove = (key: UserKey): void => {
    const name = nameOf(key)
    const step = stepOf.get(name)
    if (step === undefined) return
    stepOf.delete(name)
    const planned = steps.get(step)
    planned?.delete(name)
    if (planned?.size === 0) steps.delete(step)
  }
  const set = (key: UserKey, at: number): void => {
    remove(key)
    const step = Math.floor(at / STEP_MS)
    stepOf.set(nameOf(key), step)
    const planned = steps.get(step) ?? new Map<string, Planned>()
    steps.set(step, planned.set(nameOf(key), { key, at }))
  }
  return {
    set,
    delete: remove,
    take: now => {
      const come = [...steps].filter(([step]) => step * STEP_MS <= now).flatMap(([, planned]) => [...planned.values()])
      const due = come.filter(({ at }) => at <= now).map(({ key }) => key)
      for (const key of due) set(key, now + LEASE_MS)
      return due
    },
  }
}
