import { connect } from 'node:net'
import { createServer } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createApi, toApiError } from '../src/api.ts'
import { jsonCodec } from '../src/codec-json.ts'
import { protobufCodec } from '../src/codec-protobuf.ts'
import { COMMANDS } from '../src/command.ts'
import { readEmulation } from '../src/emulation.ts'
import { ERRORS, EngineError } from '../src/errors.ts'
import { BodyError, Fields } from '../src/fields.ts'
import { createEngine } from '../src/index.ts'
import { readProtobufEmulation } from '../src/protobuf-command.ts'
import { createMutator, seeded } from './fuzz.ts'
import { connected, OPEN, raw, start, until } from './kit.ts'
import type { Decoded } from '../src/codec.ts'

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_101)
const INPUTS = Number(process.env['FUZZ_INPUTS'] ?? 60_000)
/** Of the processor's time, for one input. */
const LIMIT_MS = 50

const JSON_FRAMES = [
  '{"id":1,"connect":{"token":"a.b.c","data":{"a":1},"subs":{"open:a":{"recover":true,"offset":3,"epoch":"x"}},"name":"js","version":"1","headers":{"a":"b"}}}',
  '{"id":2,"subscribe":{"channel":"open:a","token":"t","recover":true,"epoch":"x","offset":5,"data":[1],"positioned":true,"recoverable":true,"join_leave":true,"delta":"fossil","flag":1,"type":0}}',
  '{"id":3,"unsubscribe":{"channel":"open:a"}}\n{"id":4,"presence":{"channel":"seen:a"}}\n{"id":5,"presence_stats":{"channel":"seen:a"}}',
  '{"id":6,"history":{"channel":"kept:a","limit":-1,"since":{"offset":1,"epoch":"e"},"reverse":true}}', '{"id":7,"publish":{"channel":"open:a","data":{ "n":1.0,"t":"\\u00e9"}}}',
  '{"send":{"data":null}}', '{"id":8,"rpc":{"method":"m","data":"x"}}', '{"id":9,"refresh":{"token":"t"}}', '{"id":10,"sub_refresh":{"channel":"c","token":"t"}}', '{}', 'null',
].map(text => Buffer.from(text))
const PROTOBUF_FRAMES = ['0a0801220608010a0274', '0c0802 2a080a066f70656e3a61', '0e0803 3a0a0a066f70656e3a612200', '0608045205 0a0163', '00', '0408056a00', '0a080662060a017812016d', '120807520e0a046b65707438ff01420408011201 65']
  .map(digits => Buffer.from(digits.replaceAll(' ', ''), 'hex'))
const BODIES = [
  '{"channel":"open:a","data":{"n":1},"tags":{"a":"b"},"idempotency_key":"k","version":3,"version_epoch":"e","skip_history":true,"delta":true}', '{"channel":"open:a","b64data":"eyJuIjoxfQ=="}',
  '{"channels":["open:a","kept:b"],"data":1}', '{"channel":"kept:a","limit":5,"since":{"offset":1,"epoch":"e"},"reverse":true}', '{"user":"u","channel":"open:a","client":"c","session":"s","expire_at":5,"info":{},"recover_since":{"offset":1}}',
  '{"user":"u","disconnect":{"code":4000,"reason":"r"},"whitelist":["a"]}', '{"commands":[{"publish":{"channel":"open:a","data":1}},{"presence":{"channel":"seen:a"}}],"parallel":true}', '{"pattern":"open:*"}', '{"session":"s","node":"n","data":"{\\"id\\":1}"}', 'null',
].map(text => Buffer.from(text))

type Read = (input: Buffer) => unknown

/** Reads many inputs; gives those that took too long each time they were tried: a pause of the collector comes only once. */
async function fuzz(seeds: readonly Buffer[], read: Read): Promise<string[]> {
  const next = createMutator(seeds, seeded(SEED))
  const slow: string[] = []
  for (let count = 0; count < INPUTS; count++) {
    const input = next()
    if (await millisecondsOf(read, input) <= LIMIT_MS) continue
    const again = [await millisecondsOf(read, input), await millisecondsOf(read, input), await millisecondsOf(read, input)]
    if (Math.min(...again) > LIMIT_MS) slow.push(input.toString('base64'))
  }
  return slow
}

async function millisecondsOf(read: Read, input: Buffer): Promise<number> {
  const before = process.cpuUsage()
  try {
    const waited = read(input)
    if (waited instanceof Promise) await waited
  } catch (error) {
    throw new Error(`seed ${SEED}, input ${input.toString('base64')}`, { cause: error })
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** Whatever is decoded is a command as the table has it. */
function holds({ commands }: Decoded): void {
  for (const command of commands) {
    if (command.method === 'pong') continue
    if (!Number.isInteger(command.id) || command.id < 0 || command.id > 0xFFFF_FFFF) throw new Error(`id ${command.id}`)
    if (Object.keys(command.request).some(name => !Object.hasOwn(COMMANDS[command.method], name))) throw new Error(`fields of ${JSON.stringify(command)}`)
  }
  if ('x' in Object.prototype || 'recover' in Object.prototype) throw new Error('a prototype was reached')
}

describe('no input throws, hangs or reaches a prototype', { timeout: 300_000 }, () => {
  test('of the JSON codec', async () => {
    expect(await fuzz(JSON_FRAMES, input => { holds(jsonCodec.decode(input)) })).toEqual([])
  })

  test('of the Protobuf codec', async () => {
    expect(await fuzz([...PROTOBUF_FRAMES, ...JSON_FRAMES.slice(0, 2)], input => { holds(protobufCodec.decode(input)) })).toEqual([])
  })

  test('of POST /emulation', async () => {
    expect(await fuzz(BODIES, input => {
      readEmulation(input)
      readProtobufEmulation(input)
    })).toEqual([])
  })

  test('of the server API, but its typed errors', async () => {
    const engine = createEngine({ channel: { namespaces: [{ name: 'open', ...OPEN }, { name: 'kept', historySize: 5, historyTtl: 60_000 }, { name: 'seen', presence: true }] } })
    onTestFinished(() => engine.close())
    const methods = [...createApi(engine, { name: 'engine', node: 'n', version: 'v', now: () => 0, rpc: undefined }).values()]
    let turn = 0
    expect(await fuzz(BODIES, async input => {
      const method = methods[turn++ % methods.length]
      try {
        const text = input.toString()
        await method?.(new Fields(JSON.parse(text), text))
      } catch (error) {
        const isTyped = error instanceof BodyError || error instanceof SyntaxError || error instanceof EngineError
        if (!isTyped || (error instanceof EngineError && toApiError(error).code === ERRORS.internal.code)) throw error
      }
    })).toEqual([])
  })
})

describe('a server that is sent nonsense', () => {
  test('disturbs no bystander', async () => {
    const { url, engine } = await start()
    const bystander = await connected(url)
    bystander.send({ id: 2, subscribe: { channel: 'open:calm' } })
    await bystander.next()
    const next = createMutator(JSON_FRAMES, seeded(SEED))
    for (let count = 0; count < 300; count++) {
      const attacker = count % 2 === 0 ? await connected(url) : await raw(url)
      attacker.socket.send(next())
      attacker.socket.terminate()
      engine.publish('open:calm', count)
    }
    const heard = (): string[] => bystander.frames.join('\n').split('\n').flatMap(line => /"data":(\d+)\}/.exec(line)?.[1] ?? [])
    await until(() => heard().length >= 300)
    expect(heard()).toEqual(Array.from({ length: 300 }, (_, at) => String(at)))
    await until(() => engine.stats().connections === 1)
  })

  test.each(['/connection/websocket', '/connection/http_stream', '/emulation', '/api/publish'])('refuses 5,000 headers at %s', async path => {
    const server = createServer()
    const engine = createEngine({ httpApi: { insecure: true } })
    engine.attach(server)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(async () => {
      await engine.close()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    })
    const address = server.address()
    const socket = connect(typeof address === 'object' ? address?.port ?? 0 : 0, '127.0.0.1')
    const headers = Array.from({ length: 5_000 }, (_, at) => `x-${at}: ${at}\r\n`).join('')
    let answer = ''
    socket.on('data', data => { answer += data.toString() }).on('error', () => undefined)
    const closed = new Promise(resolve => socket.on('close', resolve))
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`)
    await closed
    expect(answer).toMatch(/^HTTP\/1\.1 431 /)
  })
})
