/** The policy every table with a tenant has: rows of the tenant in the setting `neo.tenant`, or all rows where it is `*`. */
export const policy = (table: string, column = 'tenant_id'): string => `
alter table ${table} enable row level security;
alter table ${table} force row level security;
create policy tenant on ${table} using (${column} = current_setting('neo.tenant', true) or current_setting('neo.tenant', true) = '*')
  with check (${column} = current_setting('neo.tenant', true) or current_setting('neo.tenant', true) = '*');
`
