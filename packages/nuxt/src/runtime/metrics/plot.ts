/** The line chart itself: uPlot with our colours, following the size of its box and the theme. Loaded when a chart is shown. */
import type { AlignedData, Options } from 'uplot'
import UPlot from 'uplot'
import type { Columns, Span } from './ranges.ts'
import 'uplot/dist/uPlot.min.css'

/** Something that happened, at a second since the Unix epoch; a vertical line. */
export interface PlotMark {
  at: number
  isBad: boolean
}

/** A chart in its box. */
export interface Plot {
  /** Paints columns and marks. */
  show: (columns: Columns, marks: readonly PlotMark[]) => void
  /** Puts the crosshair at a place of the columns, or takes it away. */
  point: (index: number | undefined) => void
  remove: () => void
}

/** What a chart is told and tells. */
export interface PlotOptions {
  /** How many lines there are. */
  lines: number
  /** The highest value of the axis at least. */
  atLeast: number
  labelValue: (value: number) => string
  /** `at` in seconds since the Unix epoch, `width` of the whole axis in seconds. */
  labelTime: (at: number, width: number) => string
  /** The crosshair stands at a place of the columns, or nowhere. */
  onPoint: (index: number | undefined) => void
  /** A part was chosen with the pointer; `undefined`: all of it. */
  onZoom: (span: Span | undefined) => void
}

const dashes = [[], [6, 4], [2, 3]] as const

/** Makes a chart that fills `box`. Colours are its CSS variables `--plot-1` to `--plot-3`, `--plot-grid`, `--plot-text` and `--plot-bad`. */
export function createPlot(box: HTMLElement, options: PlotOptions): Plot {
  const color = (name: string) => (): string => getComputedStyle(box).getPropertyValue(name)
  let marks: readonly PlotMark[] = []
  const plot = new UPlot(toOptions(box, { ...options, color, marks: () => marks }), [[], ...Array.from({ length: options.lines }, () => [])], box)
  const sizes = new ResizeObserver(() => {
    if (box.clientWidth > 0) plot.setSize({ width: box.clientWidth, height: box.clientHeight })
  })
  sizes.observe(box)
  const theme = new MutationObserver(() => { plot.redraw(false, true) })
  theme.observe(document.documentElement, { attributeFilter: ['class'] })
  return {
    show: (columns, shown) => {
      marks = shown
      plot.setData(columns as AlignedData)
    },
    point: index => {
      const at = index === undefined ? undefined : plot.data[0][index]
      plot.setCursor(at === undefined ? { left: -10, top: -10 } : { left: plot.valToPos(at, 'x'), top: 0 })
    },
    remove: () => {
      sizes.disconnect()
      theme.disconnect()
      plot.destroy()
    },
  }
}

type Inside = PlotOptions & { color: (name: string) => () => string, marks: () => readonly PlotMark[] }

function toOptions(box: HTMLElement, { lines, atLeast, labelValue, labelTime, onPoint, onZoom, color, marks }: Inside): Options {
  const axis = { stroke: color('--plot-text'), grid: { stroke: color('--plot-grid'), width: 1 }, ticks: { show: false }, font: '11px system-ui' }
  return {
    width: box.clientWidth || 600,
    height: box.clientHeight || 224,
    legend: { show: false },
    cursor: { y: false, drag: { x: true, y: false, setScale: false }, bind: { dblclick: () => () => { onZoom(undefined); return null } } },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(atLeast, max && max > atLeast ? max * 1.1 : 0)] } },
    axes: [
      { ...axis, size: 28, space: 90, values: (plot, ticks) => ticks.map(at => labelTime(at, (plot.scales['x']?.max ?? 0) - (plot.scales['x']?.min ?? 0))) },
      { ...axis, size: 76, space: 40, values: (_plot, ticks) => ticks.map(labelValue) },
    ],
    series: [{}, ...Array.from({ length: lines }, (_, index) => ({ stroke: color(`--plot-${index + 1}`), width: 2, dash: [...dashes[index] ?? []], points: { show: false } }))],
    hooks: {
      setCursor: [plot => { onPoint(plot.cursor.idx ?? undefined) }],
      setSelect: [plot => {
        const { left, width } = plot.select
        if (width < 4) return
        plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false)
        onZoom({ from: Math.floor(plot.posToVal(left, 'x')), to: Math.ceil(plot.posToVal(left + width, 'x')) })
      }],
      draw: [plot => { for (const mark of marks()) drawMark(plot, mark, color(mark.isBad ? '--plot-bad' : '--plot-text')()) }],
    },
  }
}

function drawMark(plot: UPlot, { at }: PlotMark, color: string): void {
  const { min, max } = plot.scales['x'] ?? {}
  if (min === undefined || max === undefined || at < min || at > max) return
  const { ctx, bbox } = plot
  const x = Math.round(plot.valToPos(at, 'x', true))
  ctx.save()
  ctx.strokeStyle = color
  ctx.fillStyle = color
  ctx.setLineDash([3, 3])
  ctx.beginPath()
  ctx.moveTo(x, bbox.top)
  ctx.lineTo(x, bbox.top + bbox.height)
  ctx.stroke()
  ctx.beginPath()
  ctx.moveTo(x - 5, bbox.top)
  ctx.lineTo(x + 5, bbox.top)
  ctx.lineTo(x, bbox.top + 7)
  ctx.fill()
  ctx.restore()
}
