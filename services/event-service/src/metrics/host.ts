/** Reads the host's real figures. */

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

/** How often the disk is looked at, in milliseconds: it starts a process. */
const DISK_EVERY_MS = 10_000

/**
 * Creates a reader of the host; rates are over the time since the reading before, 0 the first time.
 * @param folder whose file system `disk` is about
 */
export function createHostReader(folder: string, now: () => number = Date.now): () => Promise<HostReading> {
  let disk = { at: Number.NEGATIVE_INFINITY, percent: 0 }
  let times = readTimes()
  return async () => {
    const si = await loadReader()
    const [memory, networks] = await Promise.all([si.mem(), si.networkStats('*')])
    if (now() - disk.at >= DISK_EVERY_MS) disk = { at: now(), percent: await readDisk(si, folder) }
    const before = times
    times = readTimes()
    const total = times.total - before.total
    const sum = (pick: (one: Systeminformation.NetworkStatsData) => number | null): number =>
      Math.max(0, networks.reduce((all, one) => all + (pick(one) ?? 0), 0))
    return {
      cpu: total > 0 ? toPercent(1 - (times.idle - before.idle) / total) : 0,
      memory: toPercent(1 - memory.available / memory.total),
      disk: disk.percent,
      networkIn: sum(one => one.rx_sec),
      networkOut: sum(one => one.tx_sec),
      uptime: uptime(),
    }
  }
}

function readTimes(): { idle: number, total: number } {
  const all = cpus().map(({ times }) => times)
  const idle = all.reduce((sum, times) => sum + times.idle, 0)
  return { idle, total: all.reduce((sum, times) => sum + times.user + times.nice + times.sys + times.irq + times.idle, 0) }
}

/** Percent used of the file system that holds the folder: the one with the longest mount point that leads there. */
async function readDisk(si: Reader, folder: string): Promise<number> {
  const systems = (await si.fsSize()).filter(({ mount }) => folder === mount || folder.startsWith(mount.endsWith('/') ? mount : `${mount}/`))
  const [nearest] = systems.sort((a, b) => b.mount.length - a.mount.length)
  return Math.min(100, Math.max(0, nearest?.use ?? 0))
}

const toPercent = (share: number): number => Math.min(100, Math.max(0, share * 100))
