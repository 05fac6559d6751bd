import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createEngine } from '@neo-stack/engine'
import { expect, onTestFinished, test } from 'vitest'
import { connectTo, createRecorder } from './kit/engine.ts'

/** As behind a proxy that knows no upgrades. */
async function startWithoutUpgrades(): Promise<{ engine: ReturnType<typeof createEngine>, url: string }> {
  const engine = createEngine({
    client: { token: { hmacSecretKey: 'a secret for tests only' } },
    channel: { namespaces: [{ name: 'tenant', historySize: 10, historyTtl: 60_000, forceRecovery: true, forcePositioning: true }] },
  })
  const server = createServer()
  engine.attach(server)
  server.removeAllListeners('upgrade')
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    await engine.close()
    server.closeAllConnections()
    server.close()
  })
  return { engine, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/connection/websocket` }
}

test('where WebSocket is refused the connection comes over HTTP, and delivers', async () => {
  const { engine, url } = await startWithoutUpgrades()
  const { connection } = connectTo(url)
  const recorder = createRecorder()
  connection.subscribe('tenant:acme:deployments', recorder)
  await expect.poll(() => connection.status.state).toBe('connected')
  await expect.poll(() => recorder.told.at(-1)).toBe('subscribed')
  engine.publish('tenant:acme:deployments', 1)
  await expect.poll(() => recorder.told.at(-1)).toBe(1)
})
