/** Events per tenant, for operators who ask for them: the busiest by name and all others together, so that series cannot explode. */

import type { Envelope } from '@neo-stack/events'

/** Tenants that are named. */
const NAMED = 100

/** Tenants that are counted apart; whoever comes beyond them counts among the others until the process starts anew. */
const COUNTED = 20_000

/** Counts events by tenant. */
export interface TenantFigures {
  onWritten: (events: readonly Envelope[]) => void
  /** In the Prometheus text format. */
  text: () => string
}

/** Starts at nothing. */
export function createTenantFigures({ named = NAMED, counted = COUNTED }: { named?: number, counted?: number } = {}): TenantFigures {
  const counts = new Map<string, number>()
  let others = 0
  return {
    onWritten: events => {
      for (const { tenantId } of events) {
        if (tenantId === undefined) continue
        if (counts.size >= counted && !counts.has(tenantId)) others++
        else counts.set(tenantId, (counts.get(tenantId) ?? 0) + 1)
      }
    },
    text: () => {
      const sorted = [...counts].sort(([, a], [, b]) => b - a)
      const rest = sorted.slice(named).reduce((sum, [, count]) => sum + count, others)
      // A tenant that falls out of the named ones takes its count along: `other` may fall, and a rate over it means little.
      const lines = [...sorted.slice(0, named), ...rest > 0 ? [['other', rest] as const] : []].map(([tenant, count]) => `tenant_events_published{tenant="${tenant}"} ${count}\n`)
      return `# HELP tenant_events_published Events accepted since the start, of the ${named} busiest tenants and of all others\n# TYPE tenant_events_published gauge\n${lines.join('')}`
    },
  }
}
