/**
 * What everything else is built upon: a server that sends what is posted to `/<channel>` to whoever has named that channel. It looks at no
 * token, keeps no history and sends no pings. `raw-ws.ts` prints the port.
 */

import { createServer } from 'node:http'
import { WebSocketServer, type WebSocket } from 'ws'

const channels = new Map<string, Set<WebSocket>>()

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => { chunks.push(chunk) })
  request.on('end', () => {
    const text = Buffer.concat(chunks)
    for (const socket of channels.get(request.url?.slice(1) ?? '') ?? []) socket.send(text, { binary: false })
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"result":{}}')
  })
})
const sockets = new WebSocketServer({ server, perMessageDeflate: false })
sockets.on('connection', socket => {
  socket.once('message', (name: Buffer) => {
    const channel = name.toString()
    const members = channels.get(channel) ?? new Set()
    channels.set(channel, members.add(socket))
    socket.once('close', () => members.delete(socket))
    socket.send('joined')
  })
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address()
  console.log(typeof address === 'object' ? address?.port : '')
})
