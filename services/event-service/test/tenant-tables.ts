/** Every table with a tenant, from the catalogue, and rows of two tenants in each: what a column must have is the least of its type. */

import type { Database } from '../src/database/database.ts'

/** A table, and its column that says whose a row is. */
export interface TenantTable { name: string, column: string }

interface Found extends TenantTable { columns: { name: string, type: string }[] }

const values: Readonly<Record<string, string>> = {
  uuid: 'gen_random_uuid()', timestamptz: 'now()', date: 'current_date', bool: 'false', int2: '1', int4: '1', int8: '1', float4: '1', float8: '1', numeric: '1', json: `'{}'`, jsonb: `'{}'`, tsvector: `''`, bytea: `''`,
}

/** Fills them, without triggers, references and checks: the database is good for nothing but policies then. @param tenantIds whose rows; each is itself a row of `tenants` */
export async function fillTenantTables(database: Database, tenantIds: readonly string[]): Promise<TenantTable[]> {
  const { rows: tables } = await database.jobs.executeSql(`
    select c.relname as name, t.attname as column, (
      select coalesce(json_agg(json_build_object('name', a.attname, 'type', y.typname) order by a.attnum), '[]') from pg_attribute a join pg_type y on y.oid = a.atttypid
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attnotnull and not a.atthasdef and a.attidentity = '' and a.attname <> t.attname
    ) as columns
    from pg_class c join pg_attribute t on t.attrelid = c.oid and not t.attisdropped and t.attname = case c.relname when 'tenants' then 'id' else 'tenant_id' end
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`) as { rows: Found[] }
  const inserts = tables.flatMap(table => tenantIds.map(tenantId => toInsert(table, tenantId)))
  await database.jobs.executeSql(`do $do$
    declare t record;
    begin
      set local session_replication_role = replica;
      for t in select conrelid::regclass as name, conname from pg_constraint where contype = 'c' and connamespace = 'public'::regnamespace loop
        execute format('alter table %s drop constraint %I', t.name, t.conname);
      end loop;
      ${inserts.join(' ')}
    end $do$`)
  return tables.map(({ name, column }) => ({ name, column }))
}

function toInsert({ name, column, columns }: Found, tenantId: string): string {
  const toValue = (one: Found['columns'][number]): string =>
    values[one.type] ?? (one.type.startsWith('_') ? `'{}'` : `'of-${tenantId}'`)
  return `insert into ${name} (${[column, ...columns.map(one => `"${one.name}"`)].join(', ')}) values (${[`'${tenantId}'`, ...columns.map(toValue)].join(', ')});`
}
