/**
 * Accounts as owners and operators manage them: an e-mail address belongs to a tenant, a password may be for one sign-in, sessions say
 * where they were opened, identities of a provider lead to an account; a removed one is kept empty while tokens of it may run; a tenant can be deleted.
 */

import { policy } from './policy.ts'

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = `
select set_config('neo.tenant', '*', true);
drop index users_email;
create unique index users_email on users (tenant_id, lower(email));
create index users_sign_in on users (lower(email));
alter table users alter column password_hash drop not null, add column is_password_temporary boolean not null default false,
  add column password_expires_at timestamptz, add column plain text generated always as (neo_plain(name || ' ' || email)) stored;
alter table sessions add column address text, add column user_agent text;
create index sessions_newest on sessions (tenant_id, last_used_at desc) where revoked_at is null;
create index refresh_tokens_session on refresh_tokens (session_id);
create index api_keys_tenant on api_keys (tenant_id, id);

create table identities (
  issuer text not null, subject text not null, tenant_id text not null references tenants (id), user_id uuid not null references users (id), primary key (issuer, subject)
);
create index identities_user on identities (user_id);
grant select, insert, update, delete on identities to neo_app;
${policy('identities')}
alter table users drop constraint users_state_check, add constraint users_state_check check (state in ('active', 'disabled', 'removed')), add column removed_at timestamptz;
create index users_removed on users (removed_at) where removed_at is not null;

alter table tenants drop constraint tenants_state_check, add constraint tenants_state_check check (state in ('active', 'suspended', 'deleting')),
  add column plain text generated always as (neo_plain(id || ' ' || name)) stored;

create function neo_remove_audit(tenant text) returns bigint language plpgsql security definer set search_path = public, pg_temp as $$
declare removed bigint;
begin
  if not exists (select from tenants where id = tenant and state = 'deleting') then
    raise exception 'the audit trail goes only with its tenant' using errcode = 'insufficient_privilege';
  end if;
  perform set_config('neo.audit_removal', tenant, true);
  delete from audit where tenant_id = tenant;
  get diagnostics removed = row_count;
  delete from audit_heads where tenant_id = tenant;
  perform set_config('neo.audit_removal', '', true);
  return removed;
end $$;
`
