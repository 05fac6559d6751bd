/**
 * Socket.IO 4 doing the same: rooms for channels, a signed token to connect, `POST /publish` for the application. With `recovery` it keeps
 * what was sent for two minutes, its default, and sends it to whoever comes back. `socketio.ts <JSON {secret, pingInterval, recovery}>` prints the port.
 */

import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { Server } from 'socket.io'

const { secret, pingInterval, recovery } = JSON.parse(process.argv[2] ?? '{}') as { secret: string, pingInterval: number, recovery: boolean }

const isSigned = (token: string): boolean => {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const expected = createHmac('sha256', secret).update(`${header}.${payload}`).digest()
  const given = Buffer.from(signature, 'base64url')
  const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp: number }
  return given.length === expected.length && timingSafeEqual(given, expected) && exp * 1000 > Date.now()
}

const read = async (request: IncomingMessage): Promise<string> => {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
  return body
}

const server = createServer((request, response) => {
  void read(request).then(body => {
    const { channel, data } = JSON.parse(body) as { channel: string, data: unknown }
    io.to(channel).emit('pub', data)
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"result":{}}')
  })
})
const io = new Server(server, { transports: ['websocket'], pingInterval, perMessageDeflate: false, serveClient: false, ...recovery && { connectionStateRecovery: {} } })
io.use((socket, next) => {
  const { token } = socket.handshake.auth as { token?: string }
  next(token !== undefined && isSigned(token) ? undefined : new Error('invalid token'))
})
io.on('connection', socket => {
  socket.on('join', (channel: string, done: () => void) => {
    void socket.join(channel)
    done()
  })
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address()
  console.log(typeof address === 'object' ? address?.port : '')
})
