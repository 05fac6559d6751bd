/** All tenants as one figure each, and those that are worst off. */

import { sql } from 'kysely'
import { PLATFORM_TENANT, type Fleet } from '@neo-stack/events'
import type { Tx } from '../database/database.ts'

/** A tenant whose newest sample is older says nothing of now, in seconds: one period of who is not looked at, and a little. */
const FRESH_SECONDS = 12

/** Reads every tenant's newest sample up to the second `at`. Percentages are averages, the network is summed up. */
export async function readFleet(tx: Tx, at: number): Promise<Fleet> {
  const { rows: [row] } = await sql<{ fleet: Fleet }>`with newest as (
      select tenants.id as tenant_id, sample.* from tenants cross join lateral (
        select cpu, memory, disk, network_in, network_out from metric_samples where tenant_id = tenants.id and at > ${at - FRESH_SECONDS} and at <= ${at} order by at desc limit 1
      ) as sample where tenants.id <> ${PLATFORM_TENANT}
    ), worst as (select tenant_id, cpu, memory, disk from newest order by greatest(cpu, memory, disk) desc, tenant_id limit 20)
    select jsonb_build_object(
      'tenants', count(*), 'cpu', coalesce(avg(cpu), 0), 'memory', coalesce(avg(memory), 0), 'disk', coalesce(avg(disk), 0),
      'networkIn', coalesce(sum(network_in), 0), 'networkOut', coalesce(sum(network_out), 0),
      'worst', (select coalesce(jsonb_agg(jsonb_build_object('tenantId', tenant_id, 'cpu', cpu, 'memory', memory, 'disk', disk)), '[]') from worst)
    ) as fleet from newest`.execute(tx)
  return row?.fleet ?? { tenants: 0, cpu: 0, memory: 0, disk: 0, networkIn: 0, networkOut: 0, worst: [] }
}
