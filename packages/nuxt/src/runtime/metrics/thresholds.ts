/** When a figure needs attention (specification case 3.2). Pure. */

/** How a figure is. */
export type Level = 'ok' | 'warning' | 'critical'

/** Figures that have thresholds. */
export type Gauge = 'cpu' | 'memory' | 'disk'

/** Percent above which a figure is a warning, and critical. */
export const thresholds: Readonly<Record<Gauge, { warning: number, critical: number }>> = {
  cpu: { warning: 60, critical: 80 },
  memory: { warning: 70, critical: 85 },
  disk: { warning: 75, critical: 90 },
}

/** How a figure in percent is. */
export function toLevel(gauge: Gauge, percent: number): Level {
  const { warning, critical } = thresholds[gauge]
  if (percent > critical) return 'critical'
  return percent > warning ? 'warning' : 'ok'
}
