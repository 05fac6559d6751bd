/** Deployments and billing of a span of time, to stand beside figures. */
import type { MetricsSample } from '@neo-stack/events'
import type { ShallowRef } from 'vue'
import type { Mark } from '../metrics/marks.ts'
import { onScopeDispose, shallowRef, watch } from 'vue'
import { useNeoClient } from '../client.ts'
import { markQuery, ofTenants, toMarks } from '../metrics/marks.ts'
import { useWhileVisible } from './use-while-visible.ts'

/** Marks shown at most, the newest ones. */
const LIMIT = 50

/** A series that moves on is asked about again when this much of it is new, in seconds. */
const ASK_SECONDS = 15

/** A series whose marks are wanted: its points, each `step` seconds wide. */
export interface MarkedSeries {
  samples: readonly MetricsSample[]
  step: number
}

/** Marks of the span that a series covers, of what the reader may see, without a tenant those of all; requests end with the scope. */
export function useChartMarks(tenantId: string | undefined, series: () => MarkedSeries): Readonly<ShallowRef<readonly Mark[]>> {
  const { rest } = useNeoClient()
  const marks = shallowRef<readonly Mark[]>([])
  let reading = new AbortController()
  onScopeDispose(() => { reading.abort() })

  async function read(from: number, to: number): Promise<void> {
    reading.abort()
    const { signal } = reading = new AbortController()
    const query = { from: toTime(from), to: toTime(to), limit: LIMIT }
    const asked = tenantId === undefined
      ? rest.admin.marks(query, { signal }).then(ofTenants)
      : rest.events.search({ ...query, tenant: tenantId, q: markQuery }, { signal }).then(({ hits }) => toMarks(hits.map(({ event }) => event)))
    // A chart without marks is still a chart: whoever may not search sees none.
    const found = await asked.catch(() => undefined)
    if (found && !signal.aborted) marks.value = found
  }
  watch(() => {
    const { samples, step } = series()
    const [first, last] = [samples.at(0)?.at, samples.at(-1)?.at]
    return first === undefined || last === undefined ? undefined : `${Math.floor(first / ASK_SECONDS)} ${Math.ceil((last + step - 1) / ASK_SECONDS)}`
  }, next => {
    const [from, to] = (next ?? '').split(' ').map(Number)
    if (from !== undefined && to !== undefined) void read(from * ASK_SECONDS, to * ASK_SECONDS)
  }, { immediate: true })
  // What was asked for before the tab was hidden paints nothing either.
  return useWhileVisible(() => marks.value)
}

const toTime = (seconds: number): string => new Date(seconds * 1000).toISOString()
