/** What a restore does not turn back: sessions go on, and who or what was shut out since the backup stays so. */

import type { Ask } from '../database/tables.ts'

/** Keeps it until the transaction ends. */
export async function keepAside(ask: Ask): Promise<void> {
  await ask('create temp table kept_sessions on commit drop as select * from sessions')
  await ask('create temp table kept_tokens on commit drop as select * from refresh_tokens')
  await ask('create temp table kept_keys on commit drop as select id, revoked_at from api_keys where revoked_at is not null')
  await ask(`create temp table kept_users on commit drop as select id, state from users where state <> 'active'`)
  await ask(`create temp table kept_tenants on commit drop as select id, state from tenants where state <> 'active'`)
}

/** Puts it back over what was restored: sessions of people whom the backup knows. */
export async function putBack(ask: Ask): Promise<void> {
  await ask('delete from refresh_tokens')
  await ask('delete from sessions')
  await ask('insert into sessions select kept.* from kept_sessions kept join users on users.id = kept.user_id and users.tenant_id = kept.tenant_id')
  await ask('insert into refresh_tokens select kept.* from kept_tokens kept join sessions on sessions.id = kept.session_id')
  await ask('update api_keys set revoked_at = kept.revoked_at from kept_keys kept where kept.id = api_keys.id')
  await ask('update users set state = kept.state from kept_users kept where kept.id = users.id')
  await ask('update tenants set state = kept.state from kept_tenants kept where kept.id = tenants.id')
}
