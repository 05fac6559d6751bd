import tseslint from 'typescript-eslint'
import { RuleTester } from 'eslint'
import { afterAll, describe, it } from 'vitest'
import { oneHandle } from '../eslint/one-handle.ts'

Object.assign(RuleTester, { describe, it, afterAll })

const tester = new RuleTester({ languageOptions: { parser: tseslint.parser as never } })

tester.run('only the transaction\'s own handle is used inside a transaction', oneHandle, {
  valid: [
    'await database.inTenant(tenant, async (tx) => { await tx.selectFrom("a").execute() })',
    'await db.transaction().execute(async (db) => { await db.selectFrom("a").execute() })',
    'await database.inSystem(async tx => boss.send("queue", {}, { db: fromKysely(tx) }))',
    'await database.inSystem(async (tx) => { const db = fromKysely(tx); await boss.send("queue", {}, { db }) })',
    'await database.query("select 1")',
    'await database.inTenant(a, async tx => readPosition(tx, database.logEpoch, channel))',
    'await database.inTenant(a, one); await database.inTenant(b, async tx => tx.run())',
    'await items.execute(async () => { await database.query("select 1") })',
    'setTimeout(() => database.inSystem(async tx => tx.run()), 5)',
  ],
  invalid: [
    { code: 'database.inTenant(t, async (tx) => { await database.query("select 1") })', errors: [{ messageId: 'handle' }] },
    { code: 'database.inTenant(t, async (tx) => readPosition(tx, database))', errors: [{ messageId: 'handle' }] },
    { code: 'database.inTenant(t, async (tx) => { await deps.db.selectFrom("a").execute() })', errors: [{ messageId: 'handle' }] },
    { code: 'inSystem(async (tx) => { for (const x of y) await pool.query(x) })', errors: [{ messageId: 'handle' }] },
    { code: 'k.transaction().setAccessMode("x").execute(async (tx) => db.selectFrom("a"))', errors: [{ messageId: 'handle' }] },
    { code: 'database.inSystem(async (tx) => { await boss.send("queue", {}) })', errors: [{ messageId: 'job' }] },
    { code: 'database.inSystem(async (tx) => { await this.boss.send("queue", {}, { retryLimit: 3 }) })', errors: [{ messageId: 'job' }] },
    { code: 'database.inSystem(async (tx) => { await database.inTenant(t, async (b) => b.run()) })', errors: [{ messageId: 'nested' }] },
    { code: 'database.inSystem(async (tx) => { await fetch("http://x") })', errors: [{ messageId: 'wait' }] },
    { code: 'database.inSystem(async (tx) => { await new Promise(done => setTimeout(done, 5)) })', errors: [{ messageId: 'wait' }] },
  ],
})
