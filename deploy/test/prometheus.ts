/** Programs that watch the platform, where this machine has them, and what they are given so that nobody waits for minutes. */

import { existsSync } from 'node:fs'
import { until } from '@neo-stack/testing'
import { createPrometheusConfig, createRules } from '../src/monitoring/prometheus.ts'

/** Path of a program that goes by one of these names. */
export const findProgram = (...names: readonly string[]): string | undefined =>
  names.flatMap(name => [`/usr/bin/${name}`, `/usr/local/bin/${name}`]).find(file => existsSync(file))

/** The rules, looked at each second; what holds fires at once. */
export const hastyRules = (): string => createRules().replaceAll(/for: \w+/g, 'for: 0s').replaceAll(/interval: \w+/g, 'interval: 1s')

/** The scrape configuration, with a look each second. */
export const hastyConfig = (...given: Parameters<typeof createPrometheusConfig>): string => createPrometheusConfig(...given).replace('scrape_interval: 15s', 'scrape_interval: 1s')

/** Waits until Prometheus or Alertmanager says that it is ready. */
export const untilReady = (url: string, what: string): Promise<unknown> =>
  until(() => fetch(`${url}/-/ready`).then(({ ok }) => ok, () => false), { timeoutMs: 60_000, what: `${what} to be ready` })
