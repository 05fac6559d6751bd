/** The DOM of these tests has canvases without a context: what uPlot would draw goes nowhere. */

const context = new Proxy({}, { get: () => () => ({ width: 0 }), set: () => true })

HTMLCanvasElement.prototype.getContext = (() => context) as never
