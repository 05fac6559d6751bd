/**
 * The audit trail as a chain of hashes per tenant. The database links the rows itself, whoever inserts them: each takes the next number
 * of its tenant and a hash over its content and the hash before it. `audit_heads` says where each chain ends, so that a cut end shows too.
 * Nobody may change a row; the rows of a tenant go only together with the tenant.
 */

import { policy } from './policy.ts'

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = `
select set_config('neo.tenant', '*', true);
alter table audit add column n bigint, add column hash text, add column address text, add column plain text not null default '';
create table audit_heads (tenant_id text primary key, n bigint not null, hash text not null);
grant select on audit_heads to neo_app;
${policy('audit_heads')}

create function neo_audit_hash(previous text, entry audit) returns text language sql immutable
  as $$ select encode(sha256(convert_to(previous || jsonb_build_array(entry.n, entry.id, entry.tenant_id,
    (extract(epoch from entry.time) * 1000000)::bigint, entry.actor, entry.action, entry.target, entry.address, entry.detail)::text, 'UTF8')), 'hex') $$;

create function neo_audit_words(entry audit) returns text language sql immutable
  as $$ select neo_plain(left(concat_ws(' ', entry.action, entry.target, entry.actor ->> 'id', entry.address, entry.detail::text), 4000)) $$;

create function neo_chain_audit() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare previous text;
begin
  insert into audit_heads as head (tenant_id, n, hash) values (new.tenant_id, 1, '')
    on conflict (tenant_id) do update set n = head.n + 1 returning head.n, head.hash into new.n, previous;
  new.hash := neo_audit_hash(previous, new);
  new.plain := neo_audit_words(new);
  update audit_heads set hash = new.hash where tenant_id = new.tenant_id;
  return new;
end $$;

do $$
declare entry audit; previous text := ''; last text := '';
begin
  for entry in select * from audit order by tenant_id, time, id loop
    if entry.tenant_id is distinct from last then previous := ''; entry.n := 1;
    else select h.n + 1 into entry.n from audit_heads h where h.tenant_id = entry.tenant_id; end if;
    previous := neo_audit_hash(previous, entry);
    last := entry.tenant_id;
    update audit set n = entry.n, hash = previous, plain = neo_audit_words(entry) where id = entry.id;
    insert into audit_heads values (entry.tenant_id, entry.n, previous) on conflict (tenant_id) do update set n = excluded.n, hash = excluded.hash;
  end loop;
end $$;

alter table audit alter column n set not null, alter column hash set not null, alter column time drop default;
create unique index audit_chain on audit (tenant_id, n);
create index audit_newest on audit (id);
create index audit_tenant_newest on audit (tenant_id, id);
drop index audit_time;
create trigger audit_chain before insert on audit for each row execute function neo_chain_audit();

create function neo_keep_audit() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and current_setting('neo.audit_removal', true) = old.tenant_id then return old; end if;
  raise exception 'the audit trail is append-only' using errcode = 'insufficient_privilege';
end $$;
create trigger audit_kept before update or delete on audit for each row execute function neo_keep_audit();
create trigger audit_not_truncated before truncate on audit execute function neo_keep_audit();
revoke update, delete, truncate on audit from neo_app;
`
