import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readConfigFile } from '../src/config-file.ts'
import { EngineConfigError } from '../src/index.ts'
import { SECRET, official, once } from './kit.ts'

describe('a configuration file', () => {
  test('becomes options, paths and an address', () => {
    const { options, attach, listen, shutdownTimeout, warnings } = readConfigFile({
      http_server: { address: '127.0.0.1', port: '8001' },
      node: { name: 'one' },
      client: {
        allowed_origins: ['https://a.example'], ping_interval: '1m30s', pong_timeout: '500ms', channel_limit: 7,
        token: { hmac_secret_key: 's', rsa_public_key: '', audience: 'a', jwks_public_endpoint: '' },
        subscription_token: { enabled: true, hmac_secret_key: 't' },
        subscribe_to_user_personal_channel: { enabled: true, personal_channel_namespace: 'news' },
      },
      channel: {
        max_length: 100, publication_data_format: 'json_object',
        without_namespace: { presence: true },
        namespaces: [{ name: 'news', history_size: 10, history_ttl: '60s', force_recovery: true, allow_subscribe_for_client: true, allow_publish_for_subscriber: true, allowed_delta_types: ['fossil'] }],
      },
      http_api: { key: 'k', error_mode: 'transport' },
      websocket: { message_size_limit: 1_000, compression: true },
      sse: { enabled: true }, http_stream: { enabled: true, handler_prefix: '/stream' },
      health: { enabled: true }, prometheus: { enabled: true },
      engine: { type: 'memory' }, shutdown: { timeout: '5s' },
    })
    expect(warnings).toEqual([])
    expect([listen, shutdownTimeout]).toEqual([{ host: '127.0.0.1', port: 8_001 }, 5_000])
    expect(attach).toEqual({ path: '/connection/websocket', httpStreamPath: '/stream', ssePath: '/connection/sse', emulationPath: '/emulation', healthPath: '/health', metricsPath: '/metrics' })
    expect(options).toEqual({
      name: 'one',
      client: {
        allowedOrigins: ['https://a.example'], pingInterval: 90_000, pongTimeout: 500, channelLimit: 7, messageSizeLimit: 1_000, compression: true,
        token: { hmacSecretKey: 's', audience: 'a' }, subscriptionToken: { hmacSecretKey: 't' },
        subscribeToUserPersonalChannel: { enabled: true, personalChannelNamespace: 'news' },
      },
      channel: {
        maxLength: 100,
        withoutNamespace: { presence: true, publicationDataFormat: 'json_object' },
        namespaces: [{
          name: 'news', historySize: 10, historyTtl: 60_000, forceRecovery: true, allowSubscribeForClient: true, allowPublishForSubscriber: true,
          allowedDeltaTypes: ['fossil'], publicationDataFormat: 'json_object',
        }],
      },
      httpApi: { key: 'k', errorMode: 'transport' },
    })
  })

  test('without anything has Centrifugo\'s defaults', () => {
    expect(readConfigFile({})).toMatchObject({
      listen: { port: 8_000 }, warnings: [],
      attach: { path: '/connection/websocket', httpStreamPath: false, ssePath: false, healthPath: false, metricsPath: false },
    })
  })

  test('that names what is not served, or what nobody knows, says so in warnings and allows no more by it', () => {
    const { warnings, options } = readConfigFile({
      admin: { enabled: true }, proxies: [], consumers: [], uni_sse: { enabled: true }, nonsense: 1,
      engine: { type: 'redis', redis: { address: 'x' } },
      client: { proxy: { connect: {} }, concurency: 8, concurrency: 8 },
      channel: {
        without_namespace: { subscribe_proxy_enabled: true },
        namespaces: [{ name: 'map', subscription_type: 'map', map: {}, allow_tags_filter: true, force_recovery_mode: 'cache', alow_subscribe: true }],
      },
      rpc: { proxy: {} },
    })
    expect(warnings).toEqual([
      'admin is not supported and has no effect', 'proxies is not supported and has no effect', 'consumers is not supported and has no effect',
      'uni_sse is not supported and has no effect', 'nonsense is unknown and has no effect', 'rpc is not supported and has no effect',
      'engine.type "redis" is not supported: everything is kept in memory', 'engine.redis is not supported and has no effect',
      'client.proxy is not supported and has no effect', 'client.concurency is unknown and has no effect', 'client.concurrency is not supported and has no effect',
      'channel.without_namespace.subscribe_proxy_enabled is not supported and has no effect',
      'channel.namespaces[0] (map).subscription_type is not supported and has no effect', 'channel.namespaces[0] (map).map is not supported and has no effect',
      'channel.namespaces[0] (map).allow_tags_filter is not supported and has no effect', 'channel.namespaces[0] (map).force_recovery_mode is not supported and has no effect',
      'channel.namespaces[0] (map).alow_subscribe is unknown and has no effect',
    ])
    expect(options.channel).toEqual({ withoutNamespace: {}, namespaces: [{ name: 'map' }] })
  })

  test('with values of wrong types is refused with a sentence for each', () => {
    const given = { client: { ping_interval: 25, channel_limit: '1', token: 's' }, channel: { namespaces: [{ presence: 'yes' }, 1] }, http_server: { port: 'x' } }
    expect(() => readConfigFile(given)).toThrow(EngineConfigError)
    try {
      readConfigFile(given)
    } catch (error) {
      expect((error as EngineConfigError).faults).toEqual([
        'http_server.port must be a port', 'client.ping_interval must be a duration such as "25s"', 'client.channel_limit must be a whole number',
        'client.token must be an object', 'channel.namespaces[0].presence must be true or false', 'channel.namespaces[0].name must be text',
        'channel.namespaces[1] must be an object', 'channel.namespaces[1].name must be text',
      ])
    }
    expect(() => readConfigFile([])).toThrow('must be a JSON object')
  })
})

const MAIN = new URL('../src/main.ts', import.meta.url).pathname

function run(args: string[]): { output: () => string, ended: Promise<number | null>, line: (pattern: RegExp) => Promise<string>, kill: () => void } {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => { child.kill('SIGKILL') })
  let text = ''
  const watchers: (() => void)[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => {
      text += data.toString()
      for (const watcher of watchers) watcher()
    })
  }
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  const line = (pattern: RegExp): Promise<string> => new Promise((resolve, reject) => {
    const look = (): void => {
      const found = pattern.exec(text)
      if (found) resolve(found[1] ?? '')
    }
    watchers.push(look)
    void ended.then(() => { reject(new Error(text)) })
    look()
  })
  return { output: () => text, ended, line, kill: () => { child.kill('SIGTERM') } }
}

function file(content: unknown): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'engine-'))
  onTestFinished(() => { rmSync(folder, { recursive: true }) })
  const name = path.join(folder, 'config.json')
  writeFileSync(name, typeof content === 'string' ? content : JSON.stringify(content))
  return name
}

describe('the command', () => {
  test('serves clients, the API, health and metrics as the file says, warns, and stops on SIGTERM', async () => {
    const config = file({
      http_server: { address: '127.0.0.1' }, client: { token: { hmac_secret_key: SECRET } }, http_api: { key: 'k' }, health: { enabled: true }, prometheus: { enabled: true },
      channel: { without_namespace: { allow_subscribe_for_client: true } }, admin: { enabled: true },
    })
    const process = run(['--config', config, '--port', '0'])
    const port = await process.line(/listening on 127\.0\.0\.1:(\d+)/u)
    expect(process.output()).toContain('admin is not supported and has no effect')
    const client = official(`ws://127.0.0.1:${port}/connection/websocket`)
    const subscription = client.newSubscription('a')
    subscription.subscribe()
    client.connect()
    await subscription.ready(10_000)
    const heard = once<{ data: unknown }>(subscription, 'publication')
    const published = await fetch(`http://127.0.0.1:${port}/api/publish`, { method: 'POST', headers: { 'x-api-key': 'k' }, body: JSON.stringify({ channel: 'a', data: 1 }) })
    expect(await published.json()).toEqual({ result: {} })
    expect((await heard).data).toBe(1)
    expect(await (await fetch(`http://127.0.0.1:${port}/health`)).json()).toEqual({})
    expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain('centrifugo_node_num_clients 1')
    expect((await fetch(`http://127.0.0.1:${port}/connection/sse`)).status).toBe(404)
    client.disconnect()
    process.kill()
    expect(await process.ended).toBe(0)
  })

  test.each<[what: string, args: () => string[], status: number, said: string]>([
    ['without a file', () => [], 2, 'usage:'],
    ['with an argument nobody knows', () => ['--nonsense'], 2, 'usage:'],
    ['with a file that is not there', () => ['--config', '/nowhere.json'], 1, 'ENOENT'],
    ['with a file that is no JSON', () => ['--config', file('{')], 1, 'JSON'],
    ['with a wrong value', () => ['--config', file({ client: { insecure: 1 } })], 1, 'client.insecure must be true or false'],
    ['with options that contradict each other', () => ['--config', file({ client: { pong_timeout: '1h' } })], 1, 'pongTimeout must be shorter'],
    ['to check a good file', () => ['--config', file({}), '--check'], 0, ''],
  ])('%s ends and says why', async (_, args, status, said) => {
    const process = run(args())
    expect(await process.ended).toBe(status)
    expect(process.output()).toContain(said)
  })
})
