/**
 * What Centrifugo's outbox consumer reads in the scale-out column: a row per kept event, written with the event and deleted once it
 * was published. The rows hold every tenant's events, so whoever writes them may not read them, and Centrifugo's role may read and
 * delete them and nothing else. Embedded, the table stays empty.
 */

/** SQL of this migration, PostgreSQL 15's, several statements. A row of a partition that nobody reads would stay for ever. */
export const sql: string = `
create table centrifugo_outbox (
  id bigint generated always as identity primary key, method text not null, payload json not null,
  partition integer not null check (partition between 0 and 7), created_at timestamptz not null default clock_timestamp()
);
create index centrifugo_outbox_order on centrifugo_outbox (partition, id);
do $$ begin
  create role neo_centrifugo nologin;
exception when duplicate_object or unique_violation then null; end $$;
alter role neo_centrifugo set idle_in_transaction_session_timeout = '10s';
grant usage on schema public to neo_centrifugo;
grant select, delete on centrifugo_outbox to neo_centrifugo;
grant insert on centrifugo_outbox to neo_app;
grant select (partition, created_at) on centrifugo_outbox to neo_app;
`
