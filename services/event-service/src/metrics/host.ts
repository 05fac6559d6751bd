/** Reads the host's real figures. */

import { readFile, statfs } from 'node:fs/promises'
import { cpus, uptime } from 'node:os'
import type { Systeminformation } from 'systeminformation'

/** One reading: percent, bytes per second and seconds. */
export interface HostReading {
  cpu: number
  memory: number
  disk: number
  networkIn: number
  networkOut: number
  uptime: number
}

type Reader = typeof import('systeminformation')

/** Loaded with the first reading: it looks around the machine when it loads, which would delay every start. */
const loadReader = async (): Promise<Reader> => (await import('systeminformation')).default

/**
 * Creates a reader of the host; rates are over the time since the reading before, 0 the first time.
 * @param folder whose file system `disk` is about
 */
export function createHostReader(folder: string, now: () => number = Date.now): () => Promise<HostReading> {
  const readRates = createRates(now)
  let times = readTimes()
  return async () => {
    const si = await loadReader()
    const [memory, disk, rates] = await Promise.all([si.mem(), readDisk(folder), readRates()])
    const before = times
    times = readTimes()
    const total = times.total - before.total
    return {
      cpu: total > 0 ? toPercent(1 - (times.idle - before.idle) / total) : 0,
      memory: toPercent(1 - memory.available / memory.total),
      disk,
      ...rates,
      uptime: uptime(),
    }
  }
}

function readTimes(): { idle: number, total: number } {
  const all = cpus().map(({ times }) => times)
  const idle = all.reduce((sum, times) => sum + times.idle, 0)
  return { idle, total: all.reduce((sum, times) => sum + times.user + times.nice + times.sys + times.irq + times.idle, 0) }
}

/** Percent used of the file system that holds the folder, of what anybody but root may use. */
async function readDisk(folder: string): Promise<number> {
  const { blocks, bfree, bavail } = await statfs(folder)
  const used = blocks - bfree
  return used + bavail > 0 ? toPercent(used / (used + bavail)) : 0
}

type Rates = Pick<HostReading, 'networkIn' | 'networkOut'>

/** Bytes per second of all interfaces since the reading before. Where the kernel tells it in a file no process is started for it. */
function createRates(now: () => number): () => Promise<Rates> {
  let last: { at: number, received: number, sent: number } | undefined
  return async () => {
    const counters = await readCounters()
    if (!counters) return readRatesElsewhere()
    const at = now()
    const before = last
    last = { at, ...counters }
    const seconds = before ? (at - before.at) / 1000 : 0
    if (!before || seconds <= 0) return { networkIn: 0, networkOut: 0 }
    return { networkIn: Math.max(0, counters.received - before.received) / seconds, networkOut: Math.max(0, counters.sent - before.sent) / seconds }
  }
}

/** Sums of all interfaces from Linux's `/proc/net/dev`; `undefined` where there is none. */
async function readCounters(): Promise<{ received: number, sent: number } | undefined> {
  const text = await readFile('/proc/net/dev', 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const rows = text.split('\n').flatMap(line => line.includes(':') ? [line.slice(line.indexOf(':') + 1).trim().split(/\s+/).map(Number)] : [])
  return { received: rows.reduce((sum, [bytes = 0]) => sum + bytes, 0), sent: rows.reduce((sum, row) => sum + (row[8] ?? 0), 0) }
}

async function readRatesElsewhere(): Promise<Rates> {
  const networks = await (await loadReader()).networkStats('*')
  const sum = (pick: (one: Systeminformation.NetworkStatsData) => number | null): number =>
    Math.max(0, networks.reduce((all, one) => all + (pick(one) ?? 0), 0))
  return { networkIn: sum(one => one.rx_sec), networkOut: sum(one => one.tx_sec) }
}

const toPercent = (share: number): number => Math.min(100, Math.max(0, share * 100))
