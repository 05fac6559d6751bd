/** SIGTERM: not ready at once, clients told to reconnect, what was accepted is kept, gone within 10 s (RELIABILITY C19). */

import { Centrifuge, type DisconnectedContext } from 'centrifuge'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createClient, type Client } from '@neo-stack/client'
import type { Published } from '@neo-stack/events'
import { openRawSocket, startPlatform, until, type PlatformProcess } from '@neo-stack/testing'
import { platformMain as main } from './paths.ts'

const channel = 'tenant:acme:alerts'
const clients: Client[] = []
let platform: PlatformProcess

// One process for all tests: each ends it and starts it again on the same folder.
beforeAll(async () => { platform = await startPlatform({ main }) })
afterEach(async () => { await Promise.all(clients.splice(0).map(client => client.close())) })
afterAll(async () => { await platform?.stop() })

async function serviceOf({ url, demo }: PlatformProcess): Promise<Client> {
  const { apiKeys } = await demo()
  const client = createClient({ baseUrl: url, apiKey: apiKeys.find(key => key.tenantId === 'acme')?.key ?? '', request: { retries: 0, timeoutMs: 8000 } })
  clients.push(client)
  return client
}

async function readAll(service: Client): Promise<string[]> {
  const ids: string[] = []
  for (let after: number | undefined = 0; after !== undefined;) {
    const page: Awaited<ReturnType<Client['rest']['events']['history']>> = await service.rest.events.history({ channel, after, limit: 1000 })
    ids.push(...page.events.map(({ id }) => id))
    after = page.next
  }
  return ids
}

describe('on SIGTERM', () => {
  test('the process stops being ready, tells clients to reconnect, finishes what it accepted and is gone within 10 s', async () => {
    const service = await serviceOf(platform)
    const socket = await openRawSocket(platform.url)
    const { token } = await service.rest.realtime.connectionToken()
    expect(await socket.ask({ connect: { token } })).toHaveProperty('connect')

    const accepted: Published[] = []
    const refused: unknown[] = []
    let stopping = false
    const publish = async (): Promise<void> => {
      for (let n = 0; refused.length < 64; n++) {
        try {
          accepted.push(await service.rest.events.publish({ channel, type: 'alert', data: { severity: 'info', message: `Event ${n}` } }))
        } catch (error) {
          refused.push(error)
          if (stopping) return
        }
      }
    }
    const publishers = Array.from({ length: 16 }, publish)
    await until(() => accepted.length > 100)

    const readiness: (number | string)[] = []
    stopping = true
    const startedAt = performance.now()
    platform.signal('SIGTERM')
    const { url } = platform
    const watching = until(async () => {
      const status = await fetch(`${url}/readyz`).then(answer => answer.status, () => 'gone')
      readiness.push(status)
      return status === 'gone'
    }, { timeoutMs: 12_000 })
    const exit = await platform.exited
    await Promise.all([...publishers, watching])

    expect(performance.now() - startedAt).toBeLessThan(10_000)
    expect(exit).toMatchObject({ code: 0, signal: null, stderr: '' })
    await until(() => socket.closed)
    expect(socket.closed).toEqual({ code: 3001, reason: 'shutdown' })
    // The signal may still be on its way while the first answer is given; after one no there is no yes again.
    const firstNo = readiness.findIndex(status => status !== 200)
    expect(readiness.slice(firstNo).every(status => status === 503 || status === 'gone')).toBe(true)
    expect(firstNo).toBeLessThan(20)

    await platform.restart()
    const stored = await readAll(service)
    const storedOnce = new Set(stored)
    expect(storedOnce.size).toBe(stored.length)
    expect(accepted.filter(({ id }) => !storedOnce.has(id))).toEqual([])
  }, 60_000)

  test('the official client comes back by itself and finds its place again', async () => {
    const service = await serviceOf(platform)
    const disconnects: DisconnectedContext[] = []
    const codes: number[] = []
    const centrifuge = new Centrifuge(`${platform.url.replace('http', 'ws')}/connection/websocket`, {
      getToken: async () => (await service.rest.realtime.connectionToken()).token, minReconnectDelay: 50, maxReconnectDelay: 200,
    })
    centrifuge.on('connecting', ({ code }) => codes.push(code)).on('disconnected', context => disconnects.push(context)).connect()
    await centrifuge.ready(5000)
    await platform.terminate()
    await until(() => codes.includes(3001))
    await platform.restart()
    await centrifuge.ready(10_000)
    expect(disconnects).toEqual([])
    centrifuge.disconnect()
  }, 60_000)

  test('a second signal does not abort the first one\'s work', async () => {
    platform.signal('SIGTERM')
    platform.signal('SIGTERM')
    expect(await platform.exited).toMatchObject({ code: 0, signal: null, stderr: '' })
  }, 60_000)
})
