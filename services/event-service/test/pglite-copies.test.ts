import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PGlite } from '@electric-sql/pglite'
import { createPgliteCopies, type PgliteCopies } from '../src/database/pglite-copies.ts'
import { createPglite } from '../src/database/pglite-create.ts'
import { imagePglite } from '../src/database/pglite.ts'
import { readImage, writeImage, type PgliteImage } from '../src/database/pglite-image.ts'

describe('copies of an image', () => {
  const opened: PGlite[] = []
  let image: PgliteImage
  let copies: PgliteCopies
  beforeAll(async () => {
    const made = await imagePglite(async database => {
      await database.inSystem(tx => tx.insertInto('tenants').values({ id: 'acme', name: 'Acme' }).execute())
    }, { isForCopies: true })
    image = readImage(Buffer.concat(writeImage(made)))
  })
  beforeEach(() => {
    copies = createPgliteCopies(async () => {
      const pglite = await createPglite({ image })
      opened.push(pglite)
      return pglite
    })
  })
  afterEach(async () => { await Promise.all(opened.splice(0).filter(({ closed }) => !closed).map(pglite => pglite.close())) })

  /** Everything there is in tables and sequences. */
  const look = async ({ query }: Pick<PGlite, 'query'>): Promise<unknown> => {
    const { rows } = await query<{ name: string }>(`select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema', 'kept') order by 1`)
    const tables: Record<string, unknown> = {}
    for (const { name } of rows) tables[name] = (await query(`select to_jsonb(t) - 'xmin' as row from ${name} t order by 1`)).rows
    return { tables, sequences: (await query('select sequencename, last_value from pg_sequences order by 1')).rows }
  }

  it('are put back when they are closed: one database serves one after the other, each as the image was', async () => {
    const first = await copies.take()
    const before = await look(first)
    expect(JSON.stringify(before)).toContain('Acme')
    await first.exec(`
      update tenants set name = 'Other'; insert into tenants (id, name) values ('globex', 'Globex');
      insert into channels (name, tenant_id) select 'tenant:globex:alerts-' || n, 'globex' from generate_series(1, 20000) n;
      set statement_timeout = 1`)
    await first.close()
    const second = await copies.take()
    expect(await look(second)).toEqual(before)
    expect((await second.query('show statement_timeout')).rows).toEqual([{ statement_timeout: '0' }])
    expect(opened).toHaveLength(1)
    await second.close()
  })

  it('refuse whoever asks them after they were closed', async () => {
    const one = await copies.take()
    await Promise.all([one.close(), one.close()])
    await expect(one.query('select 1')).rejects.toThrow(/closed/)
    await expect(one.transaction(tx => tx.query('select 1'))).rejects.toThrow(/closed/)
  })

  it.each([
    ['a column was added', 'alter table tenants add column another int'],
    ['a trigger was disabled', 'alter table audit disable trigger audit_kept'],
    ['a policy was changed', 'alter policy tenant on users using (true)'],
    ['a function was replaced', `create or replace function neo_plain(text) returns text language sql immutable as $$ select 'other' $$`],
  ])('are not used again after %s', async (_what, change) => {
    const one = await copies.take()
    await one.exec(change)
    await one.close()
    expect(opened.map(({ closed }) => closed)).toEqual([true])
  })

  it('end their listeners when they are closed: the next owner hears only itself, and nobody else ends what it listens to', async () => {
    const first = await copies.take()
    const heard: string[] = []
    const end = await first.listen('news', payload => { heard.push(`first ${payload}`) })
    await first.exec(`notify news, 'one'`)
    await first.close()
    const second = await copies.take()
    await second.listen('news', payload => { heard.push(`second ${payload}`) })
    await end()
    await second.exec(`notify news, 'two'`)
    expect(opened).toHaveLength(1)
    expect(heard).toEqual(['first one', 'second two'])
    await second.close()
  })

  it('forget what was prepared: the next owner prepares the same anew', async () => {
    for (let owner = 0; owner < 2; owner++) {
      const one = await copies.take()
      for (const n of [1, 2]) expect((await one.query('/* prepared */ select $1::int as n', [n])).rows).toEqual([{ n }])
      await one.close()
    }
    expect(opened).toHaveLength(1)
  })

  it('are put back once the transaction in hand has ended', async () => {
    const first = await copies.take()
    const isBegun = Promise.withResolvers<undefined>()
    const mayEnd = Promise.withResolvers<undefined>()
    const writing = first.transaction(async tx => {
      isBegun.resolve(undefined)
      await mayEnd.promise
      await tx.query(`insert into tenants (id, name) values ('late', 'Late')`)
    })
    await isBegun.promise
    const closing = first.close()
    mayEnd.resolve(undefined)
    await Promise.all([writing, closing])
    const second = await copies.take()
    expect(opened).toHaveLength(1)
    expect((await second.query(`select from tenants where id = 'late'`)).rows).toEqual([])
    await second.close()
  })

  it('are several at once, and are not used again after their tables were changed', async () => {
    const [one, two] = [await copies.take(), await copies.take()]
    expect(opened).toHaveLength(2)
    await one.exec(`insert into tenants (id, name) values ('hooli', 'Hooli'); checkpoint`)
    const theirs = `select from tenants where id = 'hooli'`
    expect((await two.query(theirs)).rows).toEqual([])
    const meanwhile = await createPglite({ image })
    opened.push(meanwhile)
    expect((await meanwhile.query(theirs)).rows).toEqual([])
    await one.exec('create table another (n int)')
    await one.close()
    await two.close()
    expect([opened[0]?.closed, opened[1]?.closed]).toEqual([true, false])
    const next = await copies.take()
    expect((await next.query(`select 1 from pg_tables where tablename = 'another'`)).rows).toEqual([])
    await next.close()
  })
})
