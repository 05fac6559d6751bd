/** Parts of the proctors' board, and its order. Pure. */
import type { ExamSession } from '@neo-stack/events'

/** Sessions that stand alike; those that were passed are among the submitted ones. */
export type BoardPart = 'started' | 'scheduled' | 'submitted' | 'passed'

type Placed = Pick<ExamSession, 'status' | 'result' | 'deadline'>

const order = { started: 0, scheduled: 1, submitted: 2, withdrawn: 3 } as const

/** Whether a session is in a part; every one is in none of them in particular. */
export const isIn = ({ status, result }: Placed, part?: BoardPart): boolean => part === undefined || (part === 'passed' ? result?.passed === true : status === part)

/** Those that run first, the one that ends next before the others. */
export function sortSessions<One extends Placed>(sessions: readonly One[]): One[] {
  const endOf = ({ status, deadline }: One): string => status === 'started' ? deadline ?? '' : ''
  return sessions.toSorted((one, other) => order[one.status] - order[other.status] || (endOf(one) < endOf(other) ? -1 : endOf(one) > endOf(other) ? 1 : 0))
}
