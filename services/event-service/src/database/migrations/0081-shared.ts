/**
 * What several processes on one database share: the keys that sign tokens, which only the database's owner may read, and indexes for
 * what each process looks at twice a second.
 */

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = `
create table signing_keys (kid text primary key, jwk json not null, signs_from timestamptz not null);
create table installation_secrets (name text primary key, value text not null);
create index sessions_revoked on sessions (revoked_at) where revoked_at is not null;
create index api_keys_revoked on api_keys (revoked_at) where revoked_at is not null;
create index users_disabled on users (id) where state = 'disabled';
`
