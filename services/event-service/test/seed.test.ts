import { afterAll, beforeAll, expect, it } from 'vitest'
import { permissions } from '@neo-stack/events'
import type { Database } from '../src/database/database.ts'
import { createOperator, seedDemo } from '../src/identity.ts'
import { openPrepared } from './prepared-database.ts'

const options = { passwordCost: 4 }
let database: Database
beforeAll(async () => { database = await openPrepared() })
afterAll(() => database.close())

it('makes one operator with a password, and only one', async () => {
  const { users, apiKeys } = await createOperator(database, options)
  expect(users).toMatchObject([{ email: 'operator@neo.example', tenantId: 'platform', role: 'admin' }])
  expect(users[0]?.password).toMatch(/^[\w-]{16}$/)
  expect(apiKeys).toEqual([])
  expect(await createOperator(database, options)).toEqual({ users: [], apiKeys: [] })
})

it('adds the demonstration beside what is there, with a password of its own for everybody', async () => {
  const { users, apiKeys } = await seedDemo(database, options)
  expect(users.map(user => user.email)).toEqual(['acme', 'globex'].flatMap(tenant => ['owner', 'manager', 'member', 'viewer'].map(role => `${role}@${tenant}.example`)).concat('candidate@acme.example', 'proctor@acme.example'))
  expect(new Set(users.map(user => user.password)).size).toBe(10)
  expect(apiKeys.map(key => key.tenantId)).toEqual(['acme', 'globex', null])
  expect(apiKeys.at(-1)?.permissions).toEqual(['admin:*'])
  expect([...apiKeys[0]?.permissions ?? []].sort()).toEqual(permissions.filter(permission => permission !== 'admin:*').sort())
})

it('adds nothing the second time', async () => {
  const count = (): Promise<unknown[]> => database.inSystem(tx => tx.selectFrom('audit').select('id').execute())
  const before = await count()
  expect(await seedDemo(database, options)).toEqual({ users: [], apiKeys: [] })
  expect(await count()).toEqual(before)
})

it('keeps no password and no key in the clear', async () => {
  const rows = await database.inSystem(async tx => [
    await tx.selectFrom('users').selectAll().execute(), await tx.selectFrom('api_keys').selectAll().execute(), await tx.selectFrom('audit').selectAll().execute(),
  ])
  expect(JSON.stringify(rows)).not.toMatch(/neo_[\w-]{20}/)
  expect(rows[0]?.every(row => 'password_hash' in row && (row.password_hash ?? '').startsWith('scrypt$'))).toBe(true)
})
