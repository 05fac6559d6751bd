/** What everything else is built upon: a server that sends what is posted to whoever is connected. `raw-ws.ts` prints the port. */

import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => { chunks.push(chunk) })
  request.on('end', () => {
    const text = Buffer.concat(chunks)
    for (const socket of sockets.clients) socket.send(text, { binary: false })
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"result":{}}')
  })
})
const sockets = new WebSocketServer({ server, perMessageDeflate: false })
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address()
  console.log(typeof address === 'object' ? address?.port : '')
})
