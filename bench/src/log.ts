/** A log that is full before anything is measured, in process: HTTP's own cost is left out. */

import { openPglite, openPostgres, type Database, type Realtime } from '@neo-stack/event-service'
import type { BenchContext } from './scenario.ts'

/** Words by how often they occur: the first in every sixth event, the last in one of some thousands. */
const WORDS = ['disco', 'servidor', 'backup', 'instância', 'implantação', 'memória', 'certificado', 'fatura', 'conexão', 'deployment', 'migración', 'usuário', 'limite', 'rede', 'módulo', 'kernel']

/** Delivers to nobody. */
export const silent: Realtime = {
  deliver: () => Promise.resolve(), disconnect: () => Promise.resolve(), close: () => Promise.resolve(),
  stats: () => Promise.resolve({ connections: 0, users: 0, channels: 0, subscriptions: 0 }),
}

/** The database that was asked for; the caller closes it. */
export function openGiven({ database }: BenchContext): Promise<Database> {
  return database === undefined ? openPglite() : openPostgres({ url: database })
}

/** Writes a tenant's alerts, ten to a second, as the write path and the indexer would. */
export async function fillAlerts(database: Database, tenantId: string, count: number): Promise<void> {
  const channel = `tenant:${tenantId}:alerts`
  await database.jobs.executeSql(`insert into tenants (id, name) values ('${tenantId}', '${tenantId}')`)
  await database.jobs.executeSql(`insert into channels (name, tenant_id, seq, indexed_seq) values ('${channel}', '${tenantId}', ${count}, ${count})`)
  const word = `(array[${WORDS.map(one => `'${one}'`).join(', ')}])[1 + floor(power(random(), 3) * ${WORDS.length})::int]`
  for (let start = 1; start <= count; start += 5000) {
    await database.jobs.executeSql(`with made as materialized (
        select n, case when n % 50 = 0 then 'critical' else 'info' end as severity, concat_ws(' ', ${word}, ${word}, ${word}, ${word}, ${word}, 'número' || n) as message
        from generate_series(${start}, ${Math.min(count, start + 4999)}) as n),
      written as (insert into events (id, tenant_id, channel, seq, type, time, actor, data, size)
      select (lpad(to_hex(1764000000000 + n * 100), 12, '0') || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid,
        '${tenantId}', '${channel}', n, 'alert', to_timestamp(1764000000 + n / 10.0), '{"type":"system","id":"bench"}',
        jsonb_build_object('severity', severity, 'message', message), 100 from made returning id, tenant_id, neo_words(data) as words)
      insert into event_words (id, tenant_id, plain, stems) select id, tenant_id, neo_plain(words), neo_stems(words) from written`)
  }
}
