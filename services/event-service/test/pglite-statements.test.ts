import type { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectTo, inThisThread } from '../src/database/pglite-connection.ts'
import { createPglite } from '../src/database/pglite-create.ts'
import { createStatements, toParameter, type Statements } from '../src/database/pglite-statements.ts'

describe('a parameter', () => {
  it.each([
    ['nothing', undefined, null],
    ['null', null, null],
    ['a text', 'it\'s "so"', 'it\'s "so"'],
    ['a number', 1.5, '1.5'],
    ['a large number', 12n, '12'],
    ['true', true, 'true'],
    ['a moment', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['an object', { a: ['b'] }, '{"a":["b"]}'],
    ['a list', ['a"b', 'c\\d', null, ''], '{"a\\"b","c\\\\d",null,""}'],
    ['a list of numbers', [1, 2], '{"1","2"}'],
    ['an empty list', [], '{}'],
    ['a list of bytes', [Uint8Array.of(1, 255)], '{"\\\\x01ff"}'],
    ['bytes', Uint8Array.of(1, 2), Uint8Array.of(1, 2)],
  ])('that is %s is written as PostgreSQL reads it', (_title, value, written) => {
    expect(toParameter(value)).toEqual(written)
  })
})

describe('statements on PGlite', () => {
  let pglite: PGlite
  let statements: Statements
  beforeAll(async () => {
    pglite = await createPglite()
    statements = createStatements(pglite)
    await statements.exec('create table numbers (n int primary key)')
  })
  afterAll(() => pglite.close())

  it('give back what was given, in its type', async () => {
    const given = { text: 'Olá \'"\\', list: ['a"', 'b,c', null], at: new Date('2026-01-02T03:04:05.678Z'), json: { a: [1, null] }, bytes: Uint8Array.of(0, 255), no: null }
    const { rows } = await statements.query('select $1::text as text, $2::text[] as list, $3::timestamptz as at, $4::jsonb as json, $5::bytea as bytes, $6::int as no', Object.values(given))
    expect(rows).toEqual([given])
  })

  it('say how many rows they changed', async () => {
    expect(await statements.query('insert into numbers select generate_series(1, $1::int) returning n', [3])).toMatchObject({ affectedRows: 3, command: 'INSERT', rows: [{ n: 1 }, { n: 2 }, { n: 3 }] })
    expect(await statements.exec('delete from numbers')).toMatchObject([{ affectedRows: 3, command: 'DELETE' }])
  })

  it('say what PostgreSQL says of a fault, wherever it lies, and go on', async () => {
    await expect(statements.query('selec')).rejects.toMatchObject({ code: '42601' })
    await expect(statements.query('select $1::int', ['x'])).rejects.toMatchObject({ code: '22P02' })
    await expect(statements.query('select 1 / $1::int', [0])).rejects.toMatchObject({ code: '22012' })
    await expect(statements.exec('select 1; select oops')).rejects.toMatchObject({ code: '42703' })
    expect((await statements.query('select $1::int as n', [1])).rows).toEqual([{ n: 1 }])
  })

  it('that overlap are each given their own answer', async () => {
    const answers = await Promise.allSettled([statements.query('select 1 as n'), statements.query('select oops'), statements.exec('select 3 as n'), statements.query('select $1::int as n', [4])])
    expect(answers.map(answer => answer.status === 'rejected' ? (answer.reason as { code: string }).code : [answer.value].flat()[0]?.rows)).toEqual([[{ n: 1 }], '42703', [{ n: 3 }], [{ n: 4 }]])
  })

  it('of a transaction are given what they asked for from the first on, and one that fails leaves nothing open', async () => {
    const connection = connectTo(inThisThread(pglite))
    expect(await connection.transaction(async tx => (await tx.query('select 1 as n')).rows)).toEqual([{ n: 1 }])
    await expect(connection.transaction(tx => tx.query('select oops'))).rejects.toMatchObject({ code: '42703' })
    expect((await connection.query('select 2 as n')).rows).toEqual([{ n: 2 }])
  })

  it('are prepared once where they ask for it, also after one that failed', async () => {
    const text = '/* prepared */ select 1 / $1::int as n, (select count(*)::int from later) as later'
    await expect(statements.query(text, [1])).rejects.toMatchObject({ code: '42P01' })
    await statements.exec('create table later ()')
    await expect(statements.query(text, [0])).rejects.toMatchObject({ code: '22012' })
    for (const n of [1, -1]) expect((await statements.query(text, [n])).rows).toEqual([{ n, later: 0 }])
    const { rows } = await statements.query('select statement from pg_prepared_statements')
    expect(rows).toEqual([{ statement: text }])
  })
})
