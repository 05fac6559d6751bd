/**
 * Lists across tenants as operators read them. Instances are found by words that are kept instead of made for each row; a page of people,
 * sessions or the trail is read in its order instead of sorting all of them.
 */

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = `
select set_config('neo.tenant', '*', true);
alter table instances add column plain text generated always as (neo_plain(name || ' ' || tenant_id)) stored;
create index users_listed on users ((plain collate "C"), ((id::text) collate "C"));
create index sessions_everywhere on sessions (last_used_at desc, id desc) where revoked_at is null;
`
