import { beforeEach, describe, expect, it } from 'vitest'
import { createRecord, type PresenceRecord } from '../src/presence/record.ts'
import { LEASE_MS, type PresenceStore } from '../src/presence/store.ts'

const ana = { tenantId: 'acme', userId: '018f0000-0000-7000-8000-00000000000a' }
const bob = { tenantId: 'acme', userId: '018f0000-0000-7000-8000-00000000000b' }
const carla = { tenantId: 'globex', userId: ana.userId }
const person = { userName: 'Ana', hideLastSeen: false }
const put = (store: PresenceStore, key: typeof ana, patch: Partial<PresenceRecord> = {}): Promise<PresenceRecord | undefined> =>
  store.change(key, known => ({ ...known ?? createRecord(key.userId, person, 1000), ...patch }))

/** What every presence store does. `create` gives an empty one. */
export function presenceStoreContract(name: string, create: () => Promise<PresenceStore>): void {
  describe(`the presence store ${name}`, () => {
    let store: PresenceStore
    beforeEach(async () => {
      store = await create()
      return () => store.close()
    })

    it('keeps a record, tenant by tenant, and forgets it', async () => {
      expect(await store.change(ana, known => known)).toBeUndefined()
      const connections = { 'tab-1': { seenAt: 1000, currentPage: '/é', hiddenSince: 900 } }
      await put(store, ana, { connections, busy: { text: 'in a call', until: 5000 } })
      await put(store, carla, { userName: 'Carla' })
      expect(await store.change(ana, known => known)).toMatchObject({ userName: 'Ana', connections, busy: { text: 'in a call', until: 5000 } })
      expect((await store.list('globex', 1)).records).toMatchObject([{ userName: 'Carla' }])
      expect(await store.change(ana, () => undefined)).toBeUndefined()
      expect((await store.list('acme', 1)).records).toEqual([])
      expect((await store.list('globex', 1)).records).toHaveLength(1)
    })

    it('loses no change of one record made by many at once', async () => {
      await put(store, ana, { activeAt: 0 })
      await Promise.all(Array.from({ length: 50 }, () => store.change(ana, known => known && { ...known, activeAt: known.activeAt + 1 })))
      expect((await store.change(ana, known => known))?.activeAt).toBe(50)
    })

    it('keeps what was there when a change throws', async () => {
      await put(store, ana)
      await expect(store.change(ana, () => { throw new Error('too many') })).rejects.toThrow('too many')
      expect((await store.list('acme', 1)).records).toHaveLength(1)
    })

    it('gives each due record to one caller, and again when nothing was done about it', async () => {
      await put(store, ana, { lookAt: 2000 })
      await put(store, bob, { lookAt: 60_000 })
      expect(await store.takeDue(1000)).toEqual([])
      const taken = await Promise.all([store.takeDue(2000), store.takeDue(2000)])
      expect(taken.flat()).toEqual([ana])
      expect(await store.takeDue(2000 + LEASE_MS - 1000)).toEqual([])
      expect(await store.takeDue(2000 + LEASE_MS + 250)).toEqual([ana])
      await put(store, ana, { lookAt: 90_000 })
      expect(await store.takeDue(60_000)).toEqual([bob])
      await store.change(bob, () => undefined)
      expect(await store.takeDue(80_000)).toEqual([])
      expect(await store.takeDue(90_000)).toEqual([ana])
    })

    it('counts a version up for each telling and reads what is told then', async () => {
      const told = { userId: ana.userId, userName: 'Ana', status: 'online' } as const
      expect((await store.list('acme', 500)).version).toBe(500)
      await put(store, ana, { told })
      await put(store, bob)
      const first = await store.tell('acme', [ana.userId, bob.userId], 700)
      expect(first.users).toEqual([told])
      expect(first.version).toBeGreaterThanOrEqual(500)
      await put(store, ana, { told: { ...told, status: 'away' } })
      expect(await store.tell('acme', [ana.userId], 9)).toEqual({ version: first.version + 1, users: [{ ...told, status: 'away' }] })
      expect((await store.list('acme', 9)).version).toBe(first.version + 1)
      expect((await store.list('globex', 9)).version).toBe(9)
    })
  })
}
