import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DRAIN_MS } from '@neo-stack/event-service'
import { findFreePort, until } from '@neo-stack/testing'
import { createNginxConfig } from '../src/nginx.ts'

const isRequired = process.env['NEO_REQUIRE_ALL'] === '1'
/** Where no answer ever comes, and where one does. */
const SILENT = '/v1/silent'
const ANSWERED = '/v1/answered'
const nginx = ['/usr/sbin/nginx', '/usr/bin/nginx'].find(file => existsSync(file))

describe.skipIf(!nginx && !isRequired)(nginx ? 'what the gateway says by itself' : 'what the gateway says by itself (skipped: needs nginx)', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gateway-'))
  const received: unknown[] = []
  let connections = 0
  let service: Server
  let gateway: ChildProcess
  let url: string

  /** A service that takes each request and breaks off, or never says anything, and nginx before it, which waits a second for it. */
  beforeAll(async () => {
    service = createServer((request, response) => {
      received.push(request.headers['x-request-id'])
      if (request.url === ANSWERED) request.resume().once('end', () => { response.end('{}') })
      else if (request.url !== SILENT) request.socket.destroy()
    }).on('connection', () => { connections++ }).listen(0, '127.0.0.1')
    await once(service, 'listening')
    const inner = `127.0.0.1:${(service.address() as AddressInfo).port}`
    const listen = `127.0.0.1:${await findFreePort()}`
    url = `http://${listen}`
    const file = path.join(folder, 'nginx.conf')
    const config = createNginxConfig({ listen, eventServices: [inner], centrifugos: [inner], folder, ...process.getuid?.() === 0 && { user: 'root' } })
    await writeFile(file, config.replaceAll('proxy_read_timeout 75s', 'proxy_read_timeout 1s'))
    gateway = spawn(nginx ?? '', ['-e', 'stderr', '-c', file], { stdio: ['ignore', 'ignore', 'ignore'] })
    await until(() => fetch(`${url}/metrics`).then(({ status }) => status === 404), { timeoutMs: 20_000, everyMs: 20, what: 'the gateway' })
  })
  afterAll(async () => {
    if (gateway.exitCode === null) {
      gateway.kill('SIGTERM')
      await once(gateway, 'exit')
    }
    service.closeAllConnections()
    service.close()
    rmSync(folder, { recursive: true })
  })

  const ask = async (route: string, init?: RequestInit): Promise<{ status: number, code?: string, requestId?: string }> => {
    const answer = await fetch(url + route, init)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    const said = await answer.json() as { status: number }
    expect(said.status).toBe(answer.status)
    return said
  }

  it.each(['/v1/session', '/connection/websocket', '/.well-known/jwks.json', SILENT])('of a service that is away at %s has the id that the service received', async route => {
    const { status, code, requestId } = await ask(route)
    expect({ status, code, requestId }).toEqual({ status: 503, code: 'unavailable', requestId: expect.stringMatching(/^[0-9a-f]{32}$/) as string })
    expect(received.at(-1)).toBe(requestId)
  })

  it('has the id of the caller, and one of its own where that could not stand in an answer', async () => {
    expect(await ask('/v1/session', { headers: { 'x-request-id': 'mine-1' } })).toMatchObject({ requestId: 'mine-1' })
    expect(received.at(-1)).toBe('mine-1')
    const { requestId } = await ask('/v1/session', { headers: { 'x-request-id': '","code":"' } })
    expect(requestId).toMatch(/^[0-9a-f]{32}$/)
    expect(received.at(-1)).toBe(requestId)
  })

  it('goes over connections to the services that are kept, for reading and for publishing', async () => {
    const before = connections
    // Callers without a connection of their own are the worst case.
    const headers = { connection: 'close' }
    for (let count = 0; count < 4 * cpus().length; count++) {
      const answer = await fetch(url + ANSWERED, { headers, ...count % 2 === 0 && { method: 'POST', body: '{}' } })
      expect([answer.status, await answer.text()]).toEqual([200, '{}'])
    }
    // Each of nginx' workers keeps its own.
    expect(connections - before).toBeLessThanOrEqual(cpus().length)
  })

  it('lets go of a connection that is not used before a service that ends would, while that one still takes requests', async () => {
    const ended = new Promise<number>(resolve => {
      service.once('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
        response.once('finish', () => {
          const from = performance.now()
          socket.once('end', () => { resolve(performance.now() - from) })
        })
      })
    })
    expect((await fetch(url + ANSWERED)).status).toBe(200)
    expect(await ended).toBeLessThan(DRAIN_MS)
  })

  it('names no request that no service has seen', async () => {
    const seen = received.length
    const { status, code, requestId } = await ask('/v1/events', { method: 'POST', body: 'x'.repeat(1_048_577) })
    expect({ status, code, requestId }).toEqual({ status: 413, code: 'payload_too_large', requestId: undefined })
    expect(received).toHaveLength(seen)
  })
})
