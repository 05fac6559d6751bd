import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import * as z from 'zod'
import { createSecrets } from '../src/cluster.ts'
import { composePlace, passedOn, secretFiles } from '../src/compose.ts'
import { handedOn, readClusterOptions } from '../src/config.ts'
import { generate } from '../src/generate.ts'
import { createNginxConfig } from '../src/nginx.ts'
import { createTopology, type Place } from '../src/topology.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))
const isRequired = process.env['NEO_REQUIRE_ALL'] === '1'
const nginx = ['/usr/sbin/nginx', '/usr/bin/nginx'].find(file => existsSync(file))

/** What of the Compose Specification is used, and nothing else. */
const serviceSchema = z.strictObject({
  image: z.string(), build: z.strictObject({ context: z.string(), dockerfile: z.string() }).optional(), command: z.array(z.string()).optional(),
  user: z.string().regex(/^[1-9]\d*:[1-9]\d*$/), read_only: z.literal(true), cap_drop: z.tuple([z.literal('ALL')]), security_opt: z.array(z.string()), restart: z.literal('unless-stopped'),
  stop_grace_period: z.string().regex(/^\d+s$/), environment: z.record(z.string().regex(/^[A-Z_]+$/), z.string()), secrets: z.array(z.string()).optional(),
  volumes: z.array(z.string().regex(/^[^:]+:\/[^:]+(:ro)?$/)), tmpfs: z.array(z.string()).optional(), ports: z.array(z.string()).optional(),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.literal('service_healthy') })),
  healthcheck: z.strictObject({ test: z.array(z.string()).min(2), interval: z.string(), timeout: z.string(), retries: z.int(), start_period: z.string() }),
  deploy: z.strictObject({ resources: z.strictObject({ limits: z.strictObject({ memory: z.string().regex(/^\d+[mg]$/), cpus: z.string() }) }) }),
})
const composeSchema = z.strictObject({
  name: z.string(), services: z.record(z.string(), serviceSchema), volumes: z.record(z.string(), z.strictObject({})), secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
})

const secrets = createSecrets()
const compose = composeSchema.parse(parse(generate()['compose.yaml'] ?? ''))
const local: Place = {
  addressOf: () => ({ host: '127.0.0.1', port: 1 }), listen: '127.0.0.1', publicUrl: 'http://127.0.0.1:1', folderOf: name => `/x/${name}`, secrets, demo: true,
}

const own = mkdtempSync(path.join(tmpdir(), 'topology-'))
const providers = path.join(own, 'providers.json')
afterAll(() => { rmSync(own, { recursive: true }) })

describe('the topology', () => {
  it.each(Object.entries(generate()))('gives deploy/%s as it is kept (npm run config:centrifugo writes it)', (name, text) => {
    expect(readFileSync(path.join(folder, name), 'utf8')).toBe(text)
  })

  it('is the same list of parts, each told the same, as containers and as processes', () => {
    expect(passedOn.filter(name => !handedOn.includes(name))).toEqual([])
    const processes = createTopology({ ...local, settings: Object.fromEntries(passedOn.map(name => [name, ''])) }).map(({ name, environment }) => [name, Object.keys(environment).sort()])
    const containers = Object.entries(compose.services).map(([name, { environment }]) =>
      [name, Object.keys(environment).filter(key => !key.startsWith('POSTGRES_')).map(key => key.replace(/_FILE$/, '')).sort()])
    expect(containers).toEqual(processes)
  })

  it('hands on to services and deployers alone what start:cluster was told for them', () => {
    const { settings } = readClusterOptions({ NEO_CATALOGUE: '/x/own.yaml', LOG_LEVEL: 'info', NEO_DEPLOYER: '', DATABASE_URL: 'postgres://elsewhere' })
    expect(settings).toEqual({ NEO_CATALOGUE: '/x/own.yaml', LOG_LEVEL: 'info' })
    const told = createTopology({ ...local, settings: { NEO_CATALOGUE: '/x/own.yaml' } }).filter(({ environment }) => environment['NEO_CATALOGUE'] === '/x/own.yaml')
    expect([...new Set(told.map(({ role }) => role))]).toEqual(['event-service', 'stack-deployer'])
    expect(told).toHaveLength(4)
  })

  it('has the Docker API as Docker\'s own tools find it', () => {
    const docker = { DOCKER_HOST: 'tcp://docker:2376', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/x/certificates' }
    expect(readClusterOptions(docker).settings).toEqual(docker)
  })

  it.each([
    ['an open address without a word about the demo accounts', { HOST: '0.0.0.0' }, 'NEO_DEMO to 1'],
    ['e-mail without an address that it links to', { NEO_SMTP_URL: 'smtp://mail:25', NEO_MAIL_FROM: 'a@b.example' }, 'NEO_SMTP_URL is set without NEO_PUBLIC_URL'],
    ['sign-in with a provider without an address that it leads back to', { NEO_IDENTITY_PROVIDERS: providers }, 'NEO_IDENTITY_PROVIDERS offers sign-in without NEO_PUBLIC_URL'],
  ])('refuses %s, as npm start does', (_what, given, why) => {
    writeFileSync(providers, JSON.stringify([{ id: 'acme', name: 'Acme', issuer: 'https://id.acme.example', tenantId: 'acme', clientId: 'neo' }]))
    expect(() => readClusterOptions(given)).toThrow(why)
    expect(() => readClusterOptions({ ...given, NEO_PUBLIC_URL: 'https://neo.example', NEO_DEMO: '0' })).not.toThrow()
  })

  it('starts a part only after those it names, which there are', () => {
    const parts = createTopology(local)
    parts.forEach(({ after }, index) => {
      const before = parts.slice(0, index).map(({ name }) => name)
      expect(before).toEqual(expect.arrayContaining([...after]))
    })
  })

  it('takes where people reach it from whoever starts the containers, and browsers\' origin of it', () => {
    const { services } = compose
    expect(services['event-service-1']?.environment['NEO_PUBLIC_URL']).toBe('${NEO_PUBLIC_URL:-http://localhost:8080}')
    expect(services['centrifugo-1']?.environment['CENTRIFUGO_CLIENT_ALLOWED_ORIGINS']).toBe('${NEO_PUBLIC_ORIGIN:-${NEO_PUBLIC_URL:-http://localhost:8080}}')
  })

  it('has a file for each secret of what watches it', () => {
    const { secrets: named } = parse(generate()['compose.monitoring.yaml'] ?? '') as { secrets: Record<string, { file: string }> }
    const files = secretFiles(composePlace(secrets), 'users')
    for (const [name, { file }] of Object.entries(named)) {
      expect(file).toBe(`./secrets/${name}`)
      expect(files[name]).toBeTruthy()
    }
  })

  it('holds no secret in compose.yaml, and a file for each that it names', () => {
    const text = generate()['compose.yaml'] ?? ''
    const files = secretFiles(composePlace(secrets), 'users')
    // Without a mail server its file is empty.
    expect(files).toHaveProperty('neo_smtp_url', '')
    expect(Object.keys(compose.secrets).filter(name => !files[name])).toEqual(['neo_smtp_url'])
    for (const value of Object.values(secrets)) expect(text).not.toContain(value)
    expect(text).not.toMatch(/:\/\/\w+:\w+@/)
    for (const { environment, secrets: mounted = [] } of Object.values(compose.services)) {
      for (const [key, file] of Object.entries(environment)) if (key.endsWith('_FILE')) expect(mounted).toContain(path.basename(file))
    }
  })

  it('opens one port to the outside', () => {
    expect(Object.entries(compose.services).filter(([, { ports }]) => ports).map(([name]) => name)).toEqual(['gateway'])
  })
})

describe.skipIf(!nginx && !isRequired)(nginx ? 'the gateway' : 'the gateway (skipped: needs nginx)', () => {
  it('has a configuration that nginx takes', () => {
    const file = path.join(own, 'nginx.conf')
    writeFileSync(file, createNginxConfig({ listen: '127.0.0.1:1', eventServices: ['127.0.0.1:2', '127.0.0.1:3'], centrifugos: ['127.0.0.1:4', '127.0.0.1:5'], folder: own, ...process.getuid?.() === 0 && { user: 'root' } }))
    const { status, stderr } = spawnSync(nginx ?? '', ['-e', 'stderr', '-t', '-c', file])
    expect(stderr.toString()).toContain('test is successful')
    expect(status).toBe(0)
  })
})
