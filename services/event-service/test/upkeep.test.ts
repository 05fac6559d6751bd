import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database, Tx } from '../src/database/database.ts'
import { startUpkeep, type Purge } from '../src/database/upkeep.ts'
import { openPrepared } from './prepared-database.ts'

describe('upkeep', () => {
  let database: Database
  beforeAll(async () => { database = await openPrepared() })
  afterAll(() => database.close())

  it('removes batch by batch, each in a transaction of its own, until nothing is left', async () => {
    const transactions = new Set<Tx>()
    let left = 25
    const purge: Purge = (tx, batch) => {
      transactions.add(tx)
      const removed = Math.min(batch, left)
      left -= removed
      return Promise.resolve(removed)
    }
    const upkeep = startUpkeep({ database, purges: [purge], batch: 10 })
    await Promise.all([upkeep.run(), upkeep.run()])
    expect(left).toBe(0)
    expect(transactions.size).toBe(3)
    await upkeep.stop()
  })

  it('looks after the tables at the end of a round', async () => {
    const done: string[] = []
    const upkeep = startUpkeep({ database, purges: [() => { done.push('purge'); return Promise.resolve(0) }], after: () => { done.push('after'); return Promise.resolve() } })
    await upkeep.run()
    expect(done).toEqual(['purge', 'after'])
    await upkeep.stop()
  })

  it('tells of a purge that failed and tries again the next time', async () => {
    const faults: unknown[] = []
    let calls = 0
    const upkeep = startUpkeep({ database, purges: [() => Promise.reject(new Error(`call ${++calls}`))], onFault: error => { faults.push(error) } })
    await upkeep.run()
    await upkeep.run()
    expect(faults.map(String)).toEqual(['Error: call 1', 'Error: call 2'])
    await upkeep.stop()
  })

  it('stops between two batches', async () => {
    let calls = 0
    const upkeep = startUpkeep({ database, batch: 1, purges: [() => { calls++; void upkeep.stop(); return Promise.resolve(1) }] })
    await upkeep.run()
    expect(calls).toBe(1)
  })
})
