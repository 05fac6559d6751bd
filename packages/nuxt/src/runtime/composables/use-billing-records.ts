/** Plan, invoices, payments and usage of a tenant; read again whenever an event of billing arrives. */
import type { ApiError } from '@neo-stack/client'
import type { BillingRecords } from '@neo-stack/events'
import type { ShallowRef } from 'vue'
import { onScopeDispose, shallowReadonly, shallowRef } from 'vue'
import { createSingleFlight } from '../billing/store.ts'
import { useNeoClient } from '../client.ts'
import { useBillingEvents } from './use-billing-events.ts'

/** What {@link useBillingRecords} gives. */
export interface BillingRecordsRefs {
  records: Readonly<ShallowRef<BillingRecords | null>>
  error: Readonly<ShallowRef<ApiError | null>>
  /** Reads again; what was read before stays until the answer is there. */
  refresh: () => Promise<void>
}

/** Reads when `refresh()` is called and from then on follows; requests end with the scope. */
export function useBillingRecords(tenantId: string): BillingRecordsRefs {
  const { rest } = useNeoClient()
  const { onArrival, connect } = useBillingEvents(tenantId)
  const records = shallowRef<BillingRecords | null>(null)
  const error = shallowRef<ApiError | null>(null)
  const reading = new AbortController()
  onScopeDispose(() => { reading.abort() })
  const read = createSingleFlight(async () => {
    try {
      records.value = await rest.billing.records(tenantId, { signal: reading.signal })
      error.value = null
    } catch (cause) {
      if (!reading.signal.aborted) error.value = cause as ApiError
    }
  })
  onArrival(() => { void read() })
  return {
    records: shallowReadonly(records),
    error: shallowReadonly(error),
    refresh: () => {
      connect()
      return read()
    },
  }
}
