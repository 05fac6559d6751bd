/**
 * Test kit: the platform in process and as a process, signed-in clients, a network that breaks, journals and their checkers.
 *
 * @example
 * await using platform = await createTestPlatform()
 * const proxy = await platform.proxy()
 * const member = await platform.client('member', 'acme', { proxy })
 * proxy.cut()
 * expect(findDeliveryFaults(journal)).toEqual([])
 */

export { buildCentrifugo, findCentrifugo, startCentrifugo } from './centrifugo.ts'
export { createTestPlatform } from './platform.ts'
export { findDeliveryFaults, findOrderFaults } from './delivery.ts'
export { findLeaks } from './isolation.ts'
export { findFreePort } from './free-port.ts'
export { createJournal } from './journal.ts'
export { runPlatform, startPlatform } from './process.ts'
export { createProxy } from './proxy.ts'
export { createRandom } from './random.ts'
export { openRawSocket } from './raw-socket.ts'
export { until } from './until.ts'
export type { CentrifugoBinary, CentrifugoOptions, CentrifugoProcess } from './centrifugo.ts'
export type { Environment } from './config.ts'
export type { WrittenTransaction } from './database.ts'
export type { DeliveryCheck, Entry } from './delivery.ts'
export type { Transcript } from './isolation.ts'
export type { Journal, Placed } from './journal.ts'
export type { TenantRole, TestClientOptions, TestPlatform, TestPlatformOptions } from './platform.ts'
export type { DemoFile, Exit, PlatformProcess, PlatformProcessOptions } from './process.ts'
export type { Proxy, ProxyCounts, ProxyOptions } from './proxy.ts'
export type { Frame, RawSocket } from './raw-socket.ts'
export type { UntilOptions } from './until.ts'
