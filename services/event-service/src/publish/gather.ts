/**
 * Gathers concurrent submissions of one key into groups: a group is closed after a short wait or when it is full, and groups
 * of one key run one after the other. On PGlite the wait is what makes groups form at all: the database blocks the event loop.
 */

/** Settings of {@link createGather}. */
export interface GatherOptions<Member> {
  /** Carries out one group; settles its members by itself and never rejects. */
  run: (key: string, group: Member[]) => Promise<void>
  /** Milliseconds to wait for company. @default 2 */
  waitMs?: number
  /** Largest group. @default 500 */
  max?: number
  setTimer?: (run: () => void, ms: number) => unknown
}

/** See {@link createGather}. */
export interface Gather<Member> {
  add: (key: string, member: Member) => void
  /** Resolves when everything that was added has been carried out. */
  drain: () => Promise<void>
}

/** Creates a gatherer; see the head of this file. */
export function createGather<Member>({ run, waitMs = 2, max = 500, setTimer = setTimeout }: GatherOptions<Member>): Gather<Member> {
  const waiting = new Map<string, Member[]>()
  const running = new Set<Promise<void>>()
  const work = async (key: string): Promise<void> => {
    for (let members = waiting.get(key); members && members.length > 0; members = waiting.get(key)) {
      if (members.length < max) await new Promise<void>(resolve => setTimer(resolve, waitMs))
      await run(key, members.splice(0, max))
    }
    waiting.delete(key)
  }
  const start = (key: string): void => {
    const done: Promise<void> = work(key).finally(() => running.delete(done))
    running.add(done)
  }
  return {
    add: (key, member) => {
      const members = waiting.get(key)
      if (members) members.push(member)
      else {
        waiting.set(key, [member])
        start(key)
      }
    },
    drain: async () => {
      while (running.size > 0) await Promise.all(running)
    },
  }
}
