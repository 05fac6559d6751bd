/**
 * Lists across tenants as operators read them. Instances are found by words that are kept instead of made for each row; a page of people,
 * sessions or the trail is read in its order instead of sorting all of them. That a policy lets every row through is asked once per
 * statement instead of once per row, and the planner does not take it for a rare case any more: it believed that one row in a hundred passes.
 */

const tables = ['users', 'sessions', 'audit', 'instances', 'deployments']
const passes = `tenant_id = (select current_setting('neo.tenant', true)) or (select current_setting('neo.tenant', true) = '*')`

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = `
select set_config('neo.tenant', '*', true);
alter table instances add column plain text generated always as (neo_plain(name || ' ' || tenant_id)) stored;
create index users_listed on users ((plain collate "C"), ((id::text) collate "C"));
create index sessions_everywhere on sessions (last_used_at desc, id desc) where revoked_at is null;
${tables.map(table => `alter policy tenant on ${table} using (${passes});`).join('\n')}
`
