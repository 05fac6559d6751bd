/** Images that come over the network, and an API behind TLS: a Docker API that gives what a registry and another host would have to. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Docker from 'dockerode'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createDockerDriver, isDockerReachable } from '../src/drivers/docker.ts'
import { labels } from '../src/drivers/docker/names.ts'
import type { PullMessage } from '../src/drivers/docker/layers.ts'
import type { StepOutput } from '../src/index.ts'
import { collect, createContext } from './driver-contract.ts'

const closing: (() => void)[] = []
afterEach(() => {
  vi.unstubAllEnvs()
  for (const close of closing.splice(0)) close()
})

async function listen(server: Server & { closeAllConnections: () => void }): Promise<number> {
  closing.push(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  return (server.address() as AddressInfo).port
}

describe('pulling an image', () => {
  /** What the driver says of these messages, sent in pieces that end anywhere. */
  async function pull(messages: readonly PullMessage[], signal = new AbortController().signal): Promise<{ outputs: StepOutput[], asked: string[] }> {
    const asked: string[] = []
    const answer: RequestListener = ({ method = '', url = '' }, response) => {
      if (url.startsWith('/volumes/')) return response.end(JSON.stringify({ Labels: { [labels.salt]: 'salt' } }))
      if (method !== 'POST') return response.writeHead(404).end('{}')
      asked.push(url)
      const text = messages.map(message => `${JSON.stringify(message)}\r\n`).join('')
      for (let at = 0; at < text.length; at += 37) response.write(text.slice(at, at + 37))
      return response.end()
    }
    const driver = createDockerDriver({ docker: new Docker({ host: '127.0.0.1', port: await listen(createServer(answer)) }), secretsKey: Buffer.alloc(32, 7) })
    const context = createContext()
    const step = context.plan.find(({ id, params }) => id === 'pull_image' && params['service'] === 'odoo')
    if (!step) throw new Error('no image is pulled')
    return { outputs: await collect(driver.execute(step, context, signal)), asked }
  }
  const layer = (id: string, status: string, current?: number, total?: number): PullMessage => ({ id, status, ...current !== undefined && total !== undefined && { progressDetail: { current, total } } })

  it('says each change of each layer once, and how much of all of them is there', async () => {
    const { outputs, asked } = await pull([
      layer('17.0', 'Pulling from library/odoo'), layer('aa', 'Pulling fs layer'), layer('bb', 'Pulling fs layer'),
      layer('aa', 'Downloading', 25, 100), layer('bb', 'Downloading', 50, 300), layer('aa', 'Downloading', 100, 100), layer('aa', 'Pull complete'),
      layer('bb', 'Downloading', 300, 300), layer('bb', 'Pull complete'), { status: 'Status: Downloaded newer image' },
    ])
    expect(asked).toEqual([expect.stringContaining('fromImage=odoo')])
    expect(outputs.flatMap(output => 'text' in output ? [output.text] : [])).toEqual([
      '17.0: Pulling from library/odoo', 'aa: Pulling fs layer', 'bb: Pulling fs layer', 'aa: Downloading', 'bb: Downloading', 'aa: Pull complete', 'bb: Pull complete', 'Status: Downloaded newer image',
    ])
    const shares = outputs.flatMap(output => 'progress' in output ? [output.progress] : [])
    expect(shares).toEqual([0.25, 0.25, 0.375, 1])
  })

  it('fails with the image when the registry says so in the middle', async () => {
    await expect(pull([layer('aa', 'Downloading', 1, 100), { error: 'manifest unknown' }])).rejects.toMatchObject({ messageKey: 'image_pull_failed', params: { image: expect.stringMatching(/^odoo:/) as string } })
  })
})

const isRequired = process.env['NEO_REQUIRE_ALL'] === '1'
const hasOpenssl = (() => {
  try { return execFileSync('openssl', ['version']).length > 0 } catch { return false }
})()

describe.skipIf(!hasOpenssl && !isRequired)(`a Docker API over TCP with TLS${hasOpenssl ? '' : ' (skipped: needs openssl)'}`, () => {
  /** Makes an authority with a certificate of the server and one of the client, as `DOCKER_CERT_PATH` names them. */
  function makeCertificates(): { folder: string, server: { key: Buffer, cert: Buffer, ca: Buffer } } {
    const folder = mkdtempSync(path.join(tmpdir(), 'neo-tls-'))
    closing.push(() => { rmSync(folder, { recursive: true, force: true }) })
    const openssl = (...args: string[]): void => { execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' }) }
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    openssl('req', '-x509', ...key, '-keyout', 'ca-key.pem', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=authority')
    writeFileSync(path.join(folder, 'names'), 'subjectAltName=IP:127.0.0.1\n')
    for (const name of ['server', 'client']) {
      openssl('req', ...key, '-keyout', `${name}-key.pem`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
      openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial', '-out', `${name}-cert.pem`, '-days', '2', '-extfile', 'names')
    }
    for (const kind of ['key', 'cert']) renameSync(path.join(folder, `client-${kind}.pem`), path.join(folder, `${kind}.pem`))
    const read = (name: string): Buffer => readFileSync(path.join(folder, name))
    return { folder, server: { key: read('server-key.pem'), cert: read('server-cert.pem'), ca: read('ca.pem') } }
  }

  it('is reached with the client\'s certificate, and neither with another one nor without', async () => {
    const { folder, server } = makeCertificates()
    const clients: (string | undefined)[] = []
    const port = await listen(createTlsServer({ ...server, requestCert: true, rejectUnauthorized: true }, (request, response) => {
      const { subject } = (request.socket as unknown as { getPeerCertificate: () => { subject: { CN: string } } }).getPeerCertificate()
      clients.push(subject.CN)
      response.end('OK')
    }))
    const isReached = (certificates: string, verify: string): Promise<boolean> => {
      vi.stubEnv('DOCKER_HOST', `tcp://127.0.0.1:${port}`)
      vi.stubEnv('DOCKER_TLS_VERIFY', verify)
      vi.stubEnv('DOCKER_CERT_PATH', certificates)
      return isDockerReachable()
    }
    expect(await isReached(folder, '1')).toBe(true)
    expect(await isReached(makeCertificates().folder, '1')).toBe(false)
    expect(await isReached('', '')).toBe(false)
    expect(clients).toEqual(['client'])
  })
})
