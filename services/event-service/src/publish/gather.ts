/**
 * Gathers concurrent submissions of one key into groups: a group is closed when nobody came for a moment, when it has waited long
 * enough or when it is heavy enough, and groups of one key run one after the other. The wait is what makes groups form at all: publishers
 * that were answered together come again one after the other.
 */

/** Settings of {@link createGather}. */
export interface GatherOptions<Member> {
  /**
   * Carries out one group and never rejects. What it resolves with answers the members and is called once: at once, or, when the next group
   * need not wait for company, as soon as that one tells by `onAway` that others do its work now.
   */
  run: (key: string, group: Member[], onAway: () => void) => Promise<() => void>
  /** Milliseconds without a newcomer that close a group. @default 1 */
  waitMs?: number
  /** Milliseconds that a group waits at most. @default 8 */
  maxWaitMs?: number
  /** Largest weight of a group; a member that weighs more is a group of its own. @default 500 */
  max?: number
  /** Weight from which on a group waits for nobody. @default 20 */
  enough?: number
  /** Milliseconds that the answer to a group waits for the next one to be away: a lock may hold that up. @default 20 */
  answerWithinMs?: number
  /** Weight of a member. @default 1 for each */
  weigh?: (member: Member) => number
  setTimer?: (run: () => void, ms: number) => unknown
}

/** See {@link createGather}. */
export interface Gather<Member> {
  add: (key: string, member: Member) => void
  /** How many members of a key wait for a group. */
  waiting: (key: string) => number
  /** Resolves when everything that was added has been carried out. */
  drain: () => Promise<void>
}

/** Creates a gatherer; see the head of this file. */
export function createGather<Member>({ run, waitMs = 1, maxWaitMs = 8, max = 500, enough = 20, answerWithinMs = 20, weigh = () => 1, setTimer = setTimeout }: GatherOptions<Member>): Gather<Member> {
  const waiting = new Map<string, Member[]>()
  const running = new Set<Promise<void>>()
  const company = async (members: readonly Member[]): Promise<void> => {
    for (let waited = 0; waited < maxWaitMs && members.length < max; waited += waitMs) {
      const before = members.length
      await new Promise<void>(resolve => setTimer(resolve, waitMs))
      if (members.length === before) return
    }
  }
  const work = async (key: string): Promise<void> => {
    let answer = (): void => undefined
    for (let members = waiting.get(key); members && members.length > 0; members = waiting.get(key)) {
      const answerLast = answer
      if (weighs(members, enough, weigh)) setTimer(answerLast, answerWithinMs)
      else {
        answerLast()
        await company(members)
      }
      const next = await run(key, members.splice(0, countWithin(members, max, weigh)), answerLast)
      answerLast()
      answer = once(next)
    }
    answer()
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
    waiting: key => waiting.get(key)?.length ?? 0,
    drain: async () => {
      while (running.size > 0) await Promise.all(running)
    },
  }
}

function once(run: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    run()
  }
}

/** Whether members together weigh at least so much. */
function weighs<Member>(members: readonly Member[], least: number, weigh: (member: Member) => number): boolean {
  let weight = 0
  return members.some(member => (weight += weigh(member)) >= least)
}

/** How many members from the first on weigh `max` together at most; at least one. */
function countWithin<Member>(members: readonly Member[], max: number, weigh: (member: Member) => number): number {
  let weight = 0
  const tooMuch = members.findIndex(member => (weight += weigh(member)) > max)
  return tooMuch === -1 ? members.length : Math.max(1, tooMuch)
}
