/** Figures of simulated instances: a pure function of instance and time, labelled as simulated. */

import type { MetricsSample } from '@neo-stack/events'
import type { InstanceRef } from './driver.ts'
import { createRandom, type Random } from './random.ts'

const DAY = 86_400

/**
 * One sample of an instance that does not exist: a daily wave, a slow and a fast one, the same for the same instance and second.
 * @param at seconds since the Unix epoch
 */
export function simulatedStats({ tenantId, instanceId, since }: InstanceRef, at: number): MetricsSample & { simulated: true } {
  const random = createRandom(`${tenantId}/${instanceId}`)
  const load = wave(random, at)
  const base = 8 + random() * 20
  const started = since ?? at - (at % (7 * DAY)) - Math.floor(random() * DAY)
  return {
    at: Math.floor(at),
    cpu: percent(base + load * 40),
    memory: percent(35 + random() * 20 + load * 10),
    disk: percent(12 + random() * 25 + ((at % DAY) / DAY) * 2),
    networkIn: Math.round(20_000 + load * 400_000 * (0.5 + random())),
    networkOut: Math.round(30_000 + load * 900_000 * (0.5 + random())),
    activeInstances: 1,
    uptime: Math.max(0, Math.floor(at - started)),
    simulated: true,
  }
}

/** Between 0 and 1: busy by day, with a wave of some minutes and one of some seconds on top. */
function wave(random: Random, at: number): number {
  const part = (period: number): number => (1 + Math.sin((2 * Math.PI * at) / period + random() * 2 * Math.PI)) / 2
  return 0.5 * part(DAY) + 0.3 * part(240 + random() * 240) + 0.2 * part(7 + random() * 6)
}

const percent = (value: number): number => Math.round(Math.min(100, Math.max(0, value)) * 10) / 10
