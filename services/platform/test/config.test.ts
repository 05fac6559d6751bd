import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from '../src/config.ts'

const scaleOut = {
  DATABASE_URL: 'postgres://neo:secret@db/neo', REDIS_URL: 'redis://events:secret@redis:6379', CENTRIFUGO_URL: 'http://node-1:9000, http://node-2:9000',
  CENTRIFUGO_API_KEY: 'a-key-of-16-chars', NEO_PUBLIC_URL: 'https://events.example',
}

describe('configuration', () => {
  it('takes all parts of the scale-out column together', () => {
    expect(readConfig(scaleOut).scaleOut).toEqual({
      databaseUrl: scaleOut.DATABASE_URL, redisUrl: scaleOut.REDIS_URL, centrifugoUrls: ['http://node-1:9000', 'http://node-2:9000'], centrifugoSocketUrls: [], centrifugoApiKey: scaleOut.CENTRIFUGO_API_KEY,
    })
    expect(readConfig({ ...scaleOut, CENTRIFUGO_SOCKET_URL: 'http://node-1:8000,http://node-2:8000' }).scaleOut?.centrifugoSocketUrls).toEqual(['http://node-1:8000', 'http://node-2:8000'])
  })

  it('says nothing of a secret that is wrong', () => {
    expect(() => readConfig({ ...scaleOut, DATABASE_URL: 'mysql://neo:hunter2@db/neo' })).toThrow(/^(?!.*hunter2)/)
  })

  it('starts from nothing with the embedded defaults', () => {
    expect(readConfig({})).toEqual({
      host: '127.0.0.1', port: 8080, dataDir: path.resolve('.data'), demo: true, publicUrl: undefined, allowedOrigins: [],
      portals: 'auto', identityProviders: [], metricsToken: undefined, tenantMetrics: false, deployer: 'auto', dockerHost: undefined, instanceHost: '127.0.0.1', catalogueFile: undefined, logLevel: 'warn',
    })
  })

  it('takes an empty variable for one that is not set', () => {
    expect(readConfig({ PORT: '', NEO_PUBLIC_URL: '' }).port).toBe(8080)
  })

  it('splits and keeps exact origins', () => {
    expect(readConfig({ NEO_PUBLIC_URL: 'https://p.example', NEO_ALLOWED_ORIGINS: 'https://a.example, https://b.example:8443' }).allowedOrigins).toEqual(['https://a.example', 'https://b.example:8443'])
  })

  it.each([
    [{ PORT: 'abc' }, 'PORT'], [{ PORT: '70000' }, 'PORT'], [{ PORT: '1.5' }, 'PORT'], [{ NEO_DEMO: 'yes' }, 'NEO_DEMO'],
    [{ NEO_PUBLIC_URL: 'portal.example' }, 'NEO_PUBLIC_URL'], [{ NEO_ALLOWED_ORIGINS: 'https://a.example/path' }, 'NEO_ALLOWED_ORIGINS'],
    [{ METRICS_TOKEN: 'short' }, 'METRICS_TOKEN'], [{ NEO_SMTP_URL: 'smtp://mail.example:587' }, 'NEO_MAIL_FROM'], [{ NEO_MAIL_FROM: 'a@b.example' }, 'NEO_SMTP_URL'], [{ NEO_SMTP_URL: 'smtp://mail.example', NEO_MAIL_FROM: 'a@b.example' }, 'NEO_PUBLIC_URL'], [{ NEO_SMTP_URL: 'http://mail.example', NEO_MAIL_FROM: 'a@b.example' }, 'NEO_SMTP_URL'], [{ NEO_SMTP_URL: 'smtp://mail.example', NEO_MAIL_FROM: 'somebody' }, 'NEO_MAIL_FROM'], [{ NEO_ALLOWED_ORIGINS: 'https://a.example' }, 'NEO_PUBLIC_URL'], [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL'], [{ NEO_DEPLOYER: 'podman' }, 'NEO_DEPLOYER'], [{ NEO_INSTANCE_HOST: 'host' }, 'NEO_INSTANCE_HOST'], [{ HOST: '0.0.0.0' }, 'NEO_DEMO'],
    [{ CENTRIFUGO_URL: 'http://a:8000' }, 'CENTRIFUGO_API_KEY'], [{ DATABASE_URL: 'postgres://a/b' }, 'REDIS_URL'], [{ CENTRIFUGO_SOCKET_URL: 'http://a:8000' }, 'CENTRIFUGO_URL'], [{ ...scaleOut, CENTRIFUGO_SOCKET_URL: 'a:8000' }, 'CENTRIFUGO_SOCKET_URL'],
    [{ ...scaleOut, NEO_PUBLIC_URL: '' }, 'NEO_PUBLIC_URL'], [{ ...scaleOut, CENTRIFUGO_API_KEY: 'short' }, 'CENTRIFUGO_API_KEY'], [{ ...scaleOut, REDIS_URL: 'http://r' }, 'REDIS_URL'],
    [{ ...scaleOut, CENTRIFUGO_URL: 'node-1:9000' }, 'CENTRIFUGO_URL'], [{ ...scaleOut, DATABASE_URL: 'mysql://a/b' }, 'DATABASE_URL'],
  ])('refuses %j in one sentence that names what to set', (env, expected) => {
    expect(() => readConfig(env)).toThrow(ConfigError)
    try {
      readConfig(env)
    } catch (error) {
      const { message } = error as ConfigError
      expect(message).toContain(expected)
      expect(message).not.toContain('\n')
      expect(message.endsWith('.')).toBe(true)
    }
  })

  it('reads identity providers from a file and says by path what is wrong with it, never by value', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'config-'))
    const file = path.join(folder, 'providers.json')
    const read = (content: string): ReturnType<typeof readConfig> => {
      writeFileSync(file, content)
      return readConfig({ NEO_IDENTITY_PROVIDERS: file, NEO_PUBLIC_URL: 'https://events.example' })
    }
    const corp = { id: 'corp', name: 'Corp', issuer: 'https://id.example', tenantId: 'acme', clientId: 'neo', clientSecret: 'very secret' }
    expect(read(JSON.stringify([corp])).identityProviders).toMatchObject([{ ...corp, roles: ['viewer'], isInternal: false }])
    expect(() => read(JSON.stringify([{ ...corp, tenantId: 'platform' }]))).toThrow(/0\.tenantId operators/)
    expect(() => read(JSON.stringify([{ ...corp, clientSecret: 7 }]))).toThrow(/0\.clientSecret/)
    expect(() => read('{')).toThrow(/no file with JSON/)
    writeFileSync(file, JSON.stringify([corp]))
    expect(() => readConfig({ NEO_IDENTITY_PROVIDERS: file })).toThrow(/NEO_PUBLIC_URL/)
    rmSync(folder, { recursive: true })
  })
})
