/** The line chart itself: uPlot with our colours, following the size of its box and the theme. Loaded when a chart is shown. */
import type { AlignedData } from 'uplot'
import UPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

/** A chart in its box. */
export interface NetworkPlot {
  show: (columns: [number[], (number | null)[], (number | null)[]]) => void
  remove: () => void
}

/** How values are said at the axes. */
export interface PlotLabels {
  labelRate: (bytesPerSecond: number) => string
  /** `at` in seconds since the Unix epoch. */
  labelTime: (at: number) => string
}

/** Makes a chart that fills `box`. Colours are its CSS variables `--plot-in`, `--plot-out`, `--plot-grid` and `--plot-text`. */
export function createNetworkPlot(box: HTMLElement, labels: PlotLabels): NetworkPlot {
  const color = (name: string) => (): string => getComputedStyle(box).getPropertyValue(name)
  const axis = { stroke: color('--plot-text'), grid: { stroke: color('--plot-grid'), width: 1 }, ticks: { show: false }, font: '11px system-ui' }
  const plot = new UPlot({
    width: box.clientWidth || 600,
    height: box.clientHeight || 224,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(1000, (max || 0) * 1.1)] } },
    axes: [
      { ...axis, size: 28, space: 90, values: (_plot, ticks) => ticks.map(labels.labelTime) },
      { ...axis, size: 76, space: 40, values: (_plot, ticks) => ticks.map(labels.labelRate) },
    ],
    series: [
      {},
      { stroke: color('--plot-in'), width: 2, points: { show: false } },
      { stroke: color('--plot-out'), width: 2, dash: [6, 4], points: { show: false } },
    ],
  }, [[], [], []], box)

  const sizes = new ResizeObserver(() => {
    if (box.clientWidth > 0) plot.setSize({ width: box.clientWidth, height: box.clientHeight })
  })
  sizes.observe(box)
  const theme = new MutationObserver(() => { plot.redraw(false, true) })
  theme.observe(document.documentElement, { attributeFilter: ['class'] })
  return {
    show: columns => { plot.setData(columns as AlignedData) },
    remove: () => {
      sizes.disconnect()
      theme.disconnect()
      plot.destroy()
    },
  }
}
