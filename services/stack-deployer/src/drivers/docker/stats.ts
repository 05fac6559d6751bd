/** Figures of an instance: what its containers use, as parts of the host. */

import { statfs } from 'node:fs/promises'
import type Docker from 'dockerode'
import type { MetricsSample } from '@neo-stack/events'
import type { InstanceRef } from '../driver.ts'
import { labelFilter } from './names.ts'

/** Bytes that an instance's containers have received and sent, and when that was read. */
interface Traffic { at: number, received: number, sent: number }

/** Reads an instance's figures; rates are over the time since the reading before, 0 the first time. */
export type StatsReader = (instance: InstanceRef, at: number) => Promise<MetricsSample>

/** Makes a reader; it remembers the last traffic of each instance. */
export function createStatsReader(docker: Docker): StatsReader {
  const before = new Map<string, Traffic>()
  return async (instance, at) => {
    const running = await docker.listContainers({ filters: labelFilter(instance) })
    const [info, all] = await Promise.all([
      docker.info() as Promise<{ NCPU: number, MemTotal: number, DockerRootDir?: string }>,
      Promise.all(running.map(({ Id }) => docker.getContainer(Id).stats({ stream: false }))),
    ])
    const key = `${instance.tenantId}/${instance.instanceId}`
    const traffic = { at, ...toTraffic(all) }
    const last = before.get(key)
    before.set(key, traffic)
    const seconds = last ? Math.max(1, at - last.at) : 0
    const rate = (now: number, then: number | undefined): number => seconds > 0 && then !== undefined ? Math.max(0, Math.round((now - then) / seconds)) : 0
    const started = Math.min(at, ...running.map(({ Created }) => Created))
    return {
      at: Math.floor(at),
      cpu: percent(all.reduce((sum, one) => sum + toCpu(one), 0)),
      memory: percent(all.reduce((sum, { memory_stats: memory }) => sum + (memory.usage ?? 0), 0) / Math.max(1, info.MemTotal) * 100),
      disk: await diskOf(info.DockerRootDir),
      networkIn: rate(traffic.received, last?.received),
      networkOut: rate(traffic.sent, last?.sent),
      activeInstances: running.length > 0 ? 1 : 0,
      uptime: running.length > 0 ? Math.floor(at - started) : 0,
    }
  }
}

type Stats = Docker.ContainerStats

/** Percent of all CPUs of the host between the two readings that the API gives. */
function toCpu({ cpu_stats: now, precpu_stats: then }: Stats): number {
  const used = now.cpu_usage.total_usage - (then.cpu_usage.total_usage ?? 0)
  const host = (now.system_cpu_usage ?? 0) - (then.system_cpu_usage ?? 0)
  return host > 0 && used > 0 ? used / host * 100 : 0
}

function toTraffic(all: readonly Stats[]): { received: number, sent: number } {
  const networks = all.flatMap(({ networks: found }) => Object.values(found ?? {}))
  return { received: networks.reduce((sum, { rx_bytes: bytes }) => sum + bytes, 0), sent: networks.reduce((sum, { tx_bytes: bytes }) => sum + bytes, 0) }
}

/** Percent used of the file system that the images and volumes are on; 0 where it is on another host. */
async function diskOf(folder: string | undefined): Promise<number> {
  try {
    const { blocks, bavail } = await statfs(folder ?? '/')
    return percent((1 - bavail / blocks) * 100)
  } catch {
    return 0
  }
}

const percent = (value: number): number => Math.min(100, Math.max(0, Math.round(value * 10) / 10))
