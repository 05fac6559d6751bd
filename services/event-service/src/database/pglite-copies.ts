/**
 * Copies of one image for tests. Opening one costs a quarter of a second; one that is closed is put back to what the image held, in
 * some milliseconds, and given out again.
 */

import type { PGlite } from '@electric-sql/pglite'
import { connectTo, inThisThread, type EmbeddedPostgres } from './pglite-connection.ts'

/** How many closed ones are kept. */
const MOST_KEPT = 2

/** A table above this is emptied as a whole, in bytes: row by row would take longer. */
const LARGE_BYTES = 2 ** 20

/** Put into an image after everything else: a schema that knows what the tables held, and how tables, columns, triggers, policies and functions were made. */
export const rememberRows: string = `
create schema kept;
create table kept.tables (name text primary key, copy text, columns text);
create table kept.sequences as select format('%I.%I', schemaname, sequencename) as name, last_value from pg_sequences;
create function kept.shape() returns text language sql as $$
  with namespaces as (
    select oid from pg_namespace where nspname not in ('pg_catalog', 'pg_toast', 'information_schema', 'kept')
  ), relations as (
    select c.oid, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relacl from pg_class c join namespaces n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'i', 'v', 'S')
  ), parts as (
    select r::text as part from relations r
    union all select (attrelid, attnum, attname, atttypid, attnotnull, attisdropped)::text from pg_attribute a join relations r on r.oid = a.attrelid
    union all select (d.adrelid, d.adnum, d.adbin)::text from pg_attrdef d join relations r on r.oid = d.adrelid
    union all select (c.oid, c.conrelid, c.convalidated)::text from pg_constraint c join relations r on r.oid = c.conrelid
    union all select (t.oid, t.tgrelid, t.tgenabled)::text from pg_trigger t join relations r on r.oid = t.tgrelid
    union all select (p.oid, p.polcmd, p.polqual, p.polwithcheck)::text from pg_policy p join relations r on r.oid = p.polrelid
    union all select (p.oid, p.proname, p.prosrc, p.proconfig)::text from pg_proc p join namespaces n on n.oid = p.pronamespace
  )
  select count(*) || '/' || md5(string_agg(part, ' ' order by part collate "C")) from parts
$$;
do $do$
declare
  t record;
  has boolean;
begin
  for t in
    select format('%I.%I', n.nspname, c.relname) as name, 'kept.t' || c.oid as copy,
      (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'pg_toast', 'information_schema', 'kept')
  loop
    execute format('select exists (select 1 from %s)', t.name) into has;
    if has then execute format('create table %s as table %s', t.copy, t.name); end if;
    insert into kept.tables values (t.name, case when has then t.copy end, t.columns);
  end loop;
end
$do$;
create function kept.put_back() returns void language plpgsql as $$
declare
  t record;
  has boolean;
begin
  -- Neither triggers nor foreign keys: what comes is what was.
  set local session_replication_role = replica;
  if kept.shape() <> (select known from kept.known) then raise exception 'the tables are others'; end if;
  for t in select * from kept.tables loop
    execute format('select exists (select 1 from %s)', t.name) into has;
    if has and pg_relation_size(t.name::regclass) > ${LARGE_BYTES} then execute format('truncate %s cascade', t.name);
    elsif has then execute format('delete from %s', t.name);
    end if;
  end loop;
  for t in select * from kept.tables where copy is not null loop
    execute format('insert into %s (%s) overriding system value select %s from %s', t.name, t.columns, t.columns, t.copy);
  end loop;
  perform setval(name::regclass, coalesce(last_value, 1), last_value is not null) from kept.sequences;
end
$$;
create table kept.known as select kept.shape() as known;
`

/** Gives out and takes back. */
export interface PgliteCopies {
  /** One nobody else has. Its `close` gives it back; what is asked of it afterwards is refused. */
  take(): Promise<EmbeddedPostgres>
}

/** @param open opens another copy, from an image that holds {@link rememberRows} */
export function createPgliteCopies(open: () => Promise<PGlite>): PgliteCopies {
  const kept: PGlite[] = []
  const giveBack = async (pglite: PGlite): Promise<void> => {
    if (kept.length < MOST_KEPT && await putBack(pglite)) kept.push(pglite)
    else await pglite.close()
  }
  const lend = (pglite: PGlite): EmbeddedPostgres => connectTo({ ...inThisThread(pglite), close: () => giveBack(pglite) })
  return { take: async () => lend(kept.pop() ?? await open()) }
}

/** Whether it is as the image: what a test did to the tables themselves is not undone. */
async function putBack(pglite: PGlite): Promise<boolean> {
  try {
    await pglite.exec('reset all; unlisten *; deallocate all; select kept.put_back()')
    // Figures that it has not told yet would be told by a timer, which keeps a process from ending.
    await pglite.query('select pg_stat_force_next_flush()')
    return true
  } catch {
    return false
  }
}
