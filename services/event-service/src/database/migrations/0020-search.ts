/**
 * Search documents beside each event: `plain` (lower case, without accents) for substrings, `stems` (Portuguese, Spanish and
 * English) for words. Both are written by the insert itself and share one index with the tenant.
 *
 * Operators of search are not leakproof, so under a policy PostgreSQL may not use their index. Search therefore finds
 * identifiers as `neo_search`, whose queries name the tenant themselves, and reads the rows as `neo_app`, under the policy.
 */

const words = `(select coalesce(string_agg(value #>> '{}', ' '), '') from jsonb_path_query(data, 'strict $.** ? (@.type() == "string" || @.type() == "number")') as value)`

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = `
create extension if not exists unaccent with schema public;
create extension if not exists pg_trgm with schema public;
create extension if not exists btree_gin with schema public;
create function neo_plain(text) returns text language sql immutable strict parallel safe
  as $$ select lower(public.unaccent('public.unaccent'::regdictionary, $1)) $$;
create function neo_stems(text) returns tsvector language sql immutable strict parallel safe
  as $$ select to_tsvector('pg_catalog.portuguese', $1) || to_tsvector('pg_catalog.spanish', $1) || to_tsvector('pg_catalog.english', $1) $$;
create function neo_stem_query(text) returns tsquery language sql immutable strict parallel safe
  as $$ select plainto_tsquery('pg_catalog.portuguese', $1) || plainto_tsquery('pg_catalog.spanish', $1) || plainto_tsquery('pg_catalog.english', $1) $$;
alter table events add column plain text not null default '', add column stems tsvector not null default ''::tsvector;
update events set plain = neo_plain(left(${words}, 16000)), stems = neo_stems(left(${words}, 16000));
create index events_search on events using gin (tenant_id, plain gin_trgm_ops, stems) with (fastupdate = on, gin_pending_list_limit = 512);
create index events_newest on events (tenant_id, id);
do $$ begin
  if not exists (select from pg_roles where rolname = 'neo_search') then create role neo_search nologin; end if;
end $$;
grant usage on schema public to neo_search;
grant select on events to neo_search;
create policy search on events for select to neo_search using (true);
`
