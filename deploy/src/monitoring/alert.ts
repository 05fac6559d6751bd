/** What an alert is: its rule, the page for whoever is woken by it, and the samples that show when it fires and when it does not. */

/** Samples of a promtool test, one a minute: `series` → values in promtool's notation (`0+60x20`). */
export type Samples = Readonly<Record<string, string>>

/** A counter in promtool's notation: so much more a minute for so many minutes, then as the next pair says. */
export function grow(...phases: readonly (readonly [perMinute: number, minutes: number])[]): string {
  let value = 0
  return phases.map(([perMinute, minutes]) => {
    const from = value
    value += perMinute * minutes
    return `${from}+${perMinute}x${minutes - 1}`
  }).join(' ')
}

/** Samples, and the labels that the alert then has. */
export interface Fires { samples: Samples, labels?: Readonly<Record<string, string>> }

/** One alert. */
export interface Alert {
  name: string
  /** PromQL. */
  expr: string
  /** How long it has to hold, in Prometheus' notation. */
  for: string
  /** `page` wakes somebody, `ticket` waits for the morning. */
  severity: 'page' | 'ticket'
  /** One sentence. */
  summary: string
  /** File of the dashboard that shows it. */
  dashboard: 'overview' | 'realtime' | 'deployments' | 'billing-and-alerts' | 'database-queue-node' | 'tenants'
  /** What it means, what people feel, where to look, what to do. */
  runbook: { means: string, feels: string, look: readonly string[], act: readonly string[] }
  /** Under which it fires at `at` minutes; several where it has several causes. */
  fires: Fires | readonly Fires[]
  /** Samples under which it does not; several for a rule of several conditions, each with another one missing. */
  quiet: Samples | readonly Samples[]
  /** Minutes after the start at which both are looked at. @default 30 */
  at?: number
}
