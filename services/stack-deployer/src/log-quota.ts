/**
 * How much of a deployment's log is kept: its head as it comes, its tail when it ends, and between them a line that says how many
 * were left out. The numbers of what is kept stay dense. Pure.
 */

/** Lines that are kept. */
export interface QuotaLimits {
  /** From the beginning. @default 1_000_000 */
  head: number
  /** Before the end, beyond those of the head. @default 5_000 */
  tail: number
  /** Bytes of these at most, as UTF-8: they wait in memory. @default 8 MiB */
  tailBytes: number
}

/** A line on its way. */
interface Line { stream: 'stdout' | 'stderr' | 'system', step?: string, text: string, time: string }

/** See the file's head. */
export interface LogQuota<Kept extends Line> {
  /** Gives what of a line is to be stored now: itself, nothing, or the word that from here on only the end is kept. */
  take: (line: Kept) => (Kept | Line)[]
  /** Gives what is to be stored at the end, once. @param time of the line about what was left out */
  end: (time: string) => (Kept | Line)[]
}

/** Makes a quota. @param options.stored lines that an earlier run has stored */
export function createLogQuota<Kept extends Line>({ head = 1_000_000, tail = 5000, tailBytes = 8 * 2 ** 20, stored = 0 }: Partial<QuotaLimits> & { stored?: number }): LogQuota<Kept> {
  let taken = stored
  let over: (Kept | undefined)[] = []
  let bytes = 0
  let first = 0
  let leftOut = 0
  return {
    take: line => {
      taken++
      if (taken <= head) return [line]
      over.push(line)
      bytes += Buffer.byteLength(line.text)
      // The places of the oldest ones go in bulk: taking one from the front moves all others.
      for (; over.length - first > tail || bytes > tailBytes; first++, leftOut++) {
        bytes -= Buffer.byteLength(over[first]?.text ?? '')
        over[first] = undefined
      }
      if (first > tail) {
        over = over.slice(first)
        first = 0
      }
      return taken === head + 1 ? [toNotice(`… the log has ${head} lines: of what follows only the last ${tail} are kept, once the deployment has ended`, line.time)] : []
    },
    end: time => {
      const last = over.slice(first).filter(line => line !== undefined)
      const notice = leftOut > 0 ? [toNotice(`… ${leftOut} lines were left out here`, time)] : []
      over = []
      bytes = 0
      first = 0
      leftOut = 0
      return [...notice, ...last]
    },
  }
}

const toNotice = (text: string, time: string): Line => ({ stream: 'system', text, time })
