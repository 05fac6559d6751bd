/**
 * Test kit: a network that breaks, journals and their checkers, the platform in process and as a process.
 *
 * @example
 * await using proxy = await createProxy({ target: url })
 * proxy.cut()
 * expect(findDeliveryFaults(journal)).toEqual([])
 */

export { findDeliveryFaults, findOrderFaults } from './delivery.ts'
export { findLeaks } from './isolation.ts'
export { createJournal } from './journal.ts'
export { runPlatform, startPlatform } from './process.ts'
export { createProxy } from './proxy.ts'
export { createRandom } from './random.ts'
export { until } from './until.ts'
export type { DeliveryCheck, Entry } from './delivery.ts'
export type { Transcript } from './isolation.ts'
export type { Journal, Placed } from './journal.ts'
export type { DemoFile, Exit, PlatformProcess, PlatformProcessOptions } from './process.ts'
export type { Proxy, ProxyCounts, ProxyOptions } from './proxy.ts'
export type { UntilOptions } from './until.ts'
export { openRawSocket } from './raw-socket.ts'
