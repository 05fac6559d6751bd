/** The engine alone on a port of its own, as a process: `engine.ts <JSON options>` prints the port. */

import { createServer } from 'node:http'
import { createEngine, type EngineOptions } from '@neo-stack/engine'

const engine = createEngine(JSON.parse(process.argv[2] ?? '{}') as EngineOptions)
const server = createServer((_request, response) => { response.writeHead(404).end() })
engine.attach(server, { metricsPath: '/metrics' })
const front = engine.front(server)
front.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = front.address()
  console.log(typeof address === 'object' ? address?.port : '')
})
// A profile (`--node='--cpu-prof'`) is written at a regular end only.
process.once('SIGINT', () => { process.exit() })
