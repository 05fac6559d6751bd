/** What may be asked of an instance, and how long it is expected to take. Pure. */
import type { Preview } from '@neo-stack/events'

/** A command on an instance, as the client names it. */
export type InstanceCommand = 'redeploy' | 'rollback' | 'remove'

/** How each command looks. */
export const instanceCommands: Readonly<Record<InstanceCommand, { icon: string, color: 'neutral' | 'error' }>> = {
  redeploy: { icon: 'i-lucide-refresh-cw', color: 'neutral' },
  rollback: { icon: 'i-lucide-undo-2', color: 'neutral' },
  remove: { icon: 'i-lucide-trash-2', color: 'error' },
}

/** Seconds that the steps of a plan should take. */
export function toExpectedSeconds({ steps }: Pick<Preview, 'steps'>): number {
  return steps.reduce((sum, { seconds }) => sum + seconds, 0)
}
