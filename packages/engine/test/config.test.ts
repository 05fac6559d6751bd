import { expect, test } from 'vitest'
import { EngineConfigError, createEngine } from '../src/index.ts'
import type { EngineOptions } from '../src/index.ts'

const faults = (options: EngineOptions): readonly string[] => {
  try {
    createEngine(options)
  } catch (error) {
    if (error instanceof EngineConfigError) return error.faults
    throw error
  }
  return []
}

test.each<[options: EngineOptions, faults: string[]]>([
  [{}, []],
  [{ channel: { namespaces: [{ name: 'a' }] } }, ['namespace "a": a name has two or more letters, digits, "-" or "_"']],
  [{ channel: { namespaces: [{ name: 'aa' }, { name: 'aa' }] } }, ['namespace aa: the name is given twice', 'namespace aa: the name is given twice'].slice(0, 1)],
  [{ channel: { withoutNamespace: { historySize: 1 } } }, ['channel.withoutNamespace: historySize and historyTtl must be set together']],
  [{ channel: { namespaces: [{ name: 'aa', historyTtl: 1_500, historySize: 1 }] } }, ['namespace aa: historyTtl must be whole seconds in milliseconds']],
  [{ channel: { namespaces: [{ name: 'aa', historyTtl: 60_000, historySize: 1, historyMetaTtl: 1_000 }] } },
    ['namespace aa: historyMetaTtl must not be shorter than historyTtl']],
  [{ channel: { namespaces: [{ name: 'aa', forceRecovery: true }] } }, ['namespace aa: forceRecovery needs historySize and historyTtl']],
  [{ client: { pingInterval: 8_000 } }, ['client: pongTimeout must be shorter than pingInterval']],
  [{ client: { channelLimit: 0 } }, ['client: channelLimit must be a whole number above 0']],
  [{ client: { queueMaxSize: NaN } }, ['client: queueMaxSize must be a whole number above 0']],
  [{ client: { token: {} } }, ['client: token needs hmacSecretKey, rsaPublicKey, ecdsaPublicKey or jwks']],
  [{ client: { token: { hmacSecretKey: '' } } }, ['client: token.hmacSecretKey must not be empty']],
  [{ client: { token: { jwks: { endpoint: 'nowhere' } } } }, ['client: token.jwks.endpoint must be a URL']],
  [{ client: { pongTimeout: 30_000, subscriptionToken: { hmacPreviousSecretKey: 'x' } } }, [
    'client: pongTimeout must be shorter than pingInterval',
    'client: subscriptionToken needs hmacSecretKey, rsaPublicKey, ecdsaPublicKey or jwks',
    'client: subscriptionToken.hmacPreviousSecretKey needs hmacSecretKey',
  ]],
])('options %j have the faults %j', (options, expected) => {
  expect(faults(options)).toEqual(expected)
})
