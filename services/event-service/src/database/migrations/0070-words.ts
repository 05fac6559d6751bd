/**
 * What search finds an event by leaves the event's own row: `event_words` follows the log (history/indexer.ts), so that a publish
 * does not wait for stemming and for the index of trigrams. `channels.indexed_seq` says how far it has come; what lies behind it
 * is searched by its data. The operators of search are not leakproof: as before, identifiers are found as `neo_search`.
 *
 * An event's channel needs no check of its own: whoever inserts events holds the channel's row.
 */

import { policy } from './policy.ts'

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = `
create function neo_words(jsonb) returns text language sql immutable strict parallel safe
  as $$ select left(regexp_replace(coalesce(string_agg(value #>> '{}', ' '), ''), '\\s+', ' ', 'g'), 16000)
    from jsonb_path_query($1, 'strict $.** ? (@.type() == "string" || @.type() == "number")') as value $$;
create table event_words (id uuid primary key, tenant_id text not null, plain text not null, stems tsvector not null);
insert into event_words (id, tenant_id, plain, stems) select id, tenant_id, plain, stems from events;
drop index events_search;
alter table events drop column plain, drop column stems, drop constraint events_channel_fkey;
create index event_words_search on event_words using gin (tenant_id, plain gin_trgm_ops, stems) with (fastupdate = on, gin_pending_list_limit = 512);
alter table channels add column indexed_seq bigint not null default 0;
update channels set indexed_seq = seq;
grant select, insert, update, delete on event_words to neo_app;
${policy('event_words')}
grant select on event_words, channels to neo_search;
create policy search on event_words for select to neo_search using (true);
create policy search on channels for select to neo_search using (true);
`
