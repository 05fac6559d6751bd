/**
 * Test kit: the platform in process and as a process, signed-in clients, a network that breaks, journals and their checkers.
 * Matchers are `@neo-stack/testing/matchers`, browsers `@neo-stack/testing/playwright`.
 *
 * @example
 * await using platform = await createTestPlatform()
 * const network = await platform.network()
 * const alerts = await listen(await platform.client('member', 'acme', { network }), 'tenant:acme:alerts')
 * network.loss(0.2)
 * await platform.service('acme').rest.events.publish(createFactory('acme').alert())
 * await expect(alerts).toReceive({ type: 'alert' })
 */

export { buildCentrifugo, findCentrifugo, startCentrifugo } from './centrifugo.ts'
export { createTestClock } from './clock.ts'
export { connectTestPlatform, createTestPlatform } from './platform.ts'
export { readTransactions } from './database.ts'
export { createFactory } from './factories.ts'
export { findDeliveryFaults, findOrderFaults } from './delivery.ts'
export { findLeaks } from './isolation.ts'
export { findFreePort } from './free-port.ts'
export { createJournal } from './journal.ts'
export { listen } from './listener.ts'
export { createNetwork } from './network.ts'
export { runPlatform, startPlatform } from './process.ts'
export { createProxy } from './proxy.ts'
export { createRandom } from './random.ts'
export { openRawSocket } from './raw-socket.ts'
export { record, replay } from './replay.ts'
export { until } from './until.ts'
export { signWebhook, triggerWebhook, webhookFixtures } from './webhooks.ts'
export type { PlatformAccess, TenantRole, TestClientOptions } from './access.ts'
export type { CentrifugoBinary, CentrifugoOptions, CentrifugoProcess } from './centrifugo.ts'
export type { TestClock } from './clock.ts'
export type { Environment } from './config.ts'
export type { WrittenTransaction } from './database.ts'
export type { DeliveryCheck, Entry } from './delivery.ts'
export type { Factory } from './factories.ts'
export type { Transcript } from './isolation.ts'
export type { Journal, Placed } from './journal.ts'
export type { Listener, ListenOptions } from './listener.ts'
export type { Network } from './network.ts'
export type { TestPlatform, TestPlatformOptions } from './platform.ts'
export type { DemoFile, Exit, PlatformProcess, PlatformProcessOptions } from './process.ts'
export type { Proxy, ProxyCounts, ProxyOptions } from './proxy.ts'
export type { Frame, RawSocket } from './raw-socket.ts'
export type { Recording, ReplayOptions } from './replay.ts'
export type { UntilOptions } from './until.ts'
export type { DeliveryOptions, SignedWebhook, WebhookSource } from './webhooks.ts'
