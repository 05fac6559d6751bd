/** The engine alone on a port of its own, as a process: `engine.ts <JSON options>` prints the port. */

import { createServer } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createEngine, type EngineOptions } from '@neo-stack/engine'

const engine = createEngine(JSON.parse(process.argv[2] ?? '{}') as EngineOptions)
// Longest time that the loop was kept from turning since somebody asked, in milliseconds; the timer's own millisecond is not counted.
// It runs from the first question on: a timer a thousand times a second is more than ten thousand idle connections cost.
const resolution = 1
const delay = monitorEventLoopDelay({ resolution })
const server = createServer((request, response) => {
  if (request.url !== '/loop') return void response.writeHead(404).end()
  response.end(String(Math.max(0, delay.max / 1e6 - resolution)))
  delay.enable()
  delay.reset()
})
engine.attach(server, { metricsPath: '/metrics' })
const front = engine.front(server)
front.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = front.address()
  console.log(typeof address === 'object' ? address?.port : '')
})
// A profile (`--node='--cpu-prof'`) is written at a regular end only.
process.once('SIGINT', () => { process.exit() })
