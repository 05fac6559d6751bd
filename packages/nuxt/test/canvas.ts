/** The DOM of these tests has canvases without a context: what uPlot would draw goes nowhere. */

const context = new Proxy({}, { get: () => () => ({ width: 0 }), set: () => true })

HTMLCanvasElement.prototype.getContext = (() => context) as never

/** And no paths. */
class NoPath {
  moveTo(): void { /* nothing is drawn */ }
  lineTo(): void { /* nothing is drawn */ }
  rect(): void { /* nothing is drawn */ }
  arc(): void { /* nothing is drawn */ }
  closePath(): void { /* nothing is drawn */ }
  addPath(): void { /* nothing is drawn */ }
  bezierCurveTo(): void { /* nothing is drawn */ }
}
globalThis.Path2D ??= NoPath as never
