/** How an event type is declared: everything about it in one place. */

import type * as z from 'zod'
import type { ChannelFamily } from '../channel.ts'

/** Declaration of one event type. `data` is strict: a field it does not name is refused with its path. */
export interface EventType<Type extends string = string, Data extends z.ZodType = z.ZodType> {
  type: Type
  /** Channel families that may carry it. */
  families: readonly ChannelFamily[]
  doc: string
  data: Data
}

/** Declares an event type; see CONTRIBUTING for the whole walk. */
export function defineEvent<const Type extends string, Data extends z.ZodType>(event: EventType<Type, Data>): EventType<Type, Data> {
  return event
}
