/** What an instance prints, read of a Docker API that gives what a container would have to be brought to print. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { InstanceLog } from '@neo-stack/events'
import Docker from 'dockerode'
import { afterEach, describe, expect, it } from 'vitest'
import type { Driver } from '../src/drivers/driver.ts'
import { createDockerDriver } from '../src/drivers/docker.ts'
import { labels } from '../src/drivers/docker/names.ts'
import { deriveSecrets } from '../src/drivers/docker/secrets.ts'

const secretsKey = Buffer.alloc(32, 7)
const owner = { tenantId: 'acme', instanceId: 'shop' }
const password = deriveSecrets(secretsKey, 'salt', owner)('admin_password')
const HIDDEN = '*** private key ***'
const BODY = Array.from({ length: 12 }, (_, index) => `MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8c${String(index).padStart(2, '0')}`)
const KEY = ['-----BEGIN PRIVATE KEY-----', ...BODY, 'q83v==', '-----END PRIVATE KEY-----']

type Printed = string | { stderr: string }

function toFrame(line: Printed, second: number, end = '\n'): Buffer {
  const [stream, text] = typeof line === 'string' ? [1, line] : [2, line.stderr]
  const payload = Buffer.from(`${new Date(Date.UTC(2026, 0, 5) + second * 1000).toISOString()} ${text}${end}`)
  const head = Buffer.alloc(8)
  head[0] = stream
  head.writeUInt32BE(payload.length, 4)
  return Buffer.concat([head, payload])
}

const closing: (() => void)[] = []
afterEach(() => { for (const close of closing.splice(0)) close() })

/** A driver over an API that answers so. */
async function driverOf(respond: (request: IncomingMessage, response: ServerResponse) => void, readMs: number): Promise<Driver> {
  const server = createServer(respond)
  closing.push(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  return createDockerDriver({ docker: new Docker({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }), secretsKey, readMs })
}

/** Asks for the log of an instance of which only the container of Odoo is there. */
async function read({ printed = [], limit = 100, salt = 'salt', answer, withinMs = 20_000 }: { printed?: readonly Printed[], limit?: number, salt?: string, withinMs?: number, answer?: (response: ServerResponse) => void }): Promise<{ log: InstanceLog | undefined, tails: number[] }> {
  const tails: number[] = []
  const respond = ({ url = '' }: IncomingMessage, response: ServerResponse): void => {
    if (url.startsWith('/volumes/')) response.end(JSON.stringify({ Labels: salt === '' ? null : { [labels.salt]: salt } }))
    else if (url.startsWith('/containers/neo_acme_shop_odoo/logs')) {
      const tail = Number(new URL(url, 'http://docker').searchParams.get('tail'))
      tails.push(tail)
      if (answer) answer(response)
      else response.end(Buffer.concat(printed.map((line, second) => toFrame(line, second)).slice(-tail)))
    } else response.writeHead(404).end('{}')
  }
  const driver = await driverOf(respond, withinMs)
  return { log: await driver.readLog?.({ ...owner, instanceType: 'odoo', config: {} }, { limit }), tails }
}

const textsOf = async (asked: Parameters<typeof read>[0]): Promise<string[] | undefined> => (await read(asked)).log?.lines.map(({ text }) => text)

describe('the log of an instance', () => {
  it('has every line with its time, of both streams, and no secret', async () => {
    const { log } = await read({ printed: ['ready', { stderr: `it is ${password}` }] })
    expect(log?.lines).toEqual([
      { service: 'odoo', stream: 'stdout', time: Date.UTC(2026, 0, 5), text: 'ready' },
      { service: 'odoo', stream: 'stderr', time: Date.UTC(2026, 0, 5) + 1000, text: 'it is ***' },
    ])
  })

  it('is not there without the salt, by which its secrets are known', async () => {
    expect(await read({ printed: [`it is ${password}`], salt: '' })).toEqual({ log: undefined, tails: [] })
  })

  it('shows no line of a private key, also between lines of the other stream', async () => {
    const printed = ['before', ...KEY.flatMap(line => [line, { stderr: 'meanwhile' }]), 'after']
    expect((await textsOf({ printed }))?.filter(text => text !== 'meanwhile')).toEqual(['before', KEY[0], ...BODY.map(() => HIDDEN), HIDDEN, KEY.at(-1), 'after'])
  })

  it.each([
    ['so few lines are asked for that they begin inside of it', KEY, 3],
    ['its beginning is no longer there', KEY.slice(8), 100],
    ['only its inside is there', BODY.slice(3), 100],
    ['only its last lines are there, behind a sentence of the other stream', [{ stderr: 'started' }, 'q83v==', '-----END RSA PRIVATE KEY-----'], 100],
  ])('shows none either where %s', async (_name, printed, limit) => {
    const texts = await textsOf({ printed: [...printed, { stderr: 'on' }], limit })
    expect(texts).toContain(HIDDEN)
    expect(texts?.filter(text => /MIIE|q83v/.test(text))).toEqual([])
  })

  it('shows checksums, words and names that stand alone', async () => {
    const printed = ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', 'ok', 'done']
    expect(await textsOf({ printed })).toEqual(printed)
  })

  it('has the newest lines where all would be too much, and of one that is too long what can be shown of it', async () => {
    const { log, tails } = await read({ printed: Array.from({ length: 100 }, (_, index) => `${'x '.repeat(50_000)} ${index}`) })
    expect(log?.lines.at(-1)?.text).toMatch(/ 99$/)
    expect(tails).toEqual([320, 40, 5])
    expect(await textsOf({ printed: [`${'x '.repeat(1_000_000)}${password}`] })).toEqual([])
  })

  it('shows no part of a secret that goes across the end of what is read of a line', async () => {
    const parts = (1024 * 1024 - 1000) / 16_384
    const answer = (response: ServerResponse): void => {
      for (let part = 0; part < parts - 1; part++) response.write(toFrame('x '.repeat(8000), 0, ''))
      response.write(toFrame(` it is ${password.slice(0, 16)}`, 0, ''))
      response.end(toFrame(`${password.slice(16)} ${'x '.repeat(50_000)}`, 0))
    }
    const texts = await textsOf({ answer })
    expect(texts?.join('')).toContain('x x x')
    expect(texts?.join('')).not.toContain('it is')
  })

  it.each([
    ['answers nothing', () => undefined],
    ['stops in the middle', (response: ServerResponse) => { response.write(toFrame('ready', 0)) }],
  ])('is given up when the API %s', async (_name, answer) => {
    await expect(read({ answer, withinMs: 200 })).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  it('is given up as the account is when the API takes questions and answers none', async () => {
    const driver = await driverOf(() => undefined, 200)
    const instance = { ...owner, instanceType: 'odoo', config: {} }
    await expect(driver.readLog?.(instance, { limit: 1 })).rejects.toMatchObject({ name: 'TimeoutError' })
    await expect(driver.initialAccount?.(instance)).rejects.toMatchObject({ name: 'TimeoutError' })
  })
})
