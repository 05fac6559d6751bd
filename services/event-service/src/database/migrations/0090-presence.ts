/** What users say of their own presence, on whatever device. */

import { policy } from './policy.ts'

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = `
create table presence_settings (
  tenant_id text not null references tenants (id), user_id uuid not null references users (id) on delete cascade,
  hide_last_seen boolean not null default false, busy jsonb, primary key (tenant_id, user_id)
);
grant select, insert, update, delete on presence_settings to neo_app;
${policy('presence_settings')}`
