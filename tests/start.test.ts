/** `npm start` as a person meets it: steps with their time, one block, nothing on stderr; the second time no password again; settings of an empty start. */

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient } from '@neo-stack/client'
import { until, type DemoFile } from '@neo-stack/testing'
import { platformMain } from './paths.ts'

const script = join(import.meta.dirname, '../scripts/start.mjs')

interface Started {
  url: string
  stdout: () => string
  stderr: () => string
  end: () => Promise<number | null>
}

const running = new Set<ChildProcess>()

async function start(dataDir: string, env: Record<string, string> = {}): Promise<Started> {
  const child = spawn(process.execPath, [script], { env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', PORT: '0', NEO_DATA_DIR: dataDir, NEO_PORTALS: 'none', NEO_DEPLOYER: 'simulation', ...env } })
  running.add(child)
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', chunk => { stdout += String(chunk) })
  child.stderr.on('data', chunk => { stderr += String(chunk) })
  const url = await until(() => {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${stderr}`)
    return stdout.includes('Ctrl+C stops') && /API +(http:\/\/[\d.]+:\d+)\/docs/.exec(stdout)?.[1]
  }, { timeoutMs: 90_000, what: () => `the block in ${stdout}${stderr}` })
  return {
    url, stdout: () => stdout, stderr: () => stderr,
    end: async () => {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
      running.delete(child)
      return child.exitCode
    },
  }
}

describe('npm start', () => {
  let folder: string
  beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'neo-start-')) })
  afterAll(async () => {
    for (const child of running) child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })

  test('shows each step with its time, then one block with addresses, sign-ins, data and what is simulated; the second time no password again', async () => {
    const dataDir = join(folder, 'demo')
    const first = await start(dataDir)
    expect(first.stdout()).toMatch(/✓ Open the database \(\d+\.\d s\)\n {2}✓ Start the services \(\d+\.\d s\)\n/)
    for (const part of ['NEO_STACK Events is ready (', 'owner@acme.example', 'viewer@globex.example', 'operator@neo.example', dataDir, 'Simulated', 'Durability']) expect(first.stdout()).toContain(part)
    const demo = JSON.parse(await readFile(join(dataDir, 'demo.json'), 'utf8')) as DemoFile
    expect((await stat(join(dataDir, 'demo.json'))).mode & 0o777).toBe(0o600)
    expect(demo.users.map(({ email }) => email).sort()).toEqual([...['acme', 'globex'].flatMap(tenant => ['owner', 'manager', 'member', 'viewer'].map(role => `${role}@${tenant}.example`)), 'candidate@acme.example', 'proctor@acme.example', 'operator@neo.example'].sort())
    expect(demo.apiKeys.map(({ tenantId }) => tenantId).sort()).toEqual(['acme', 'globex', null].sort())
    await useKey(first.url, demo)
    const played = await historyOf(first.url, demo)
    expect(await first.end()).toBe(0)
    expect(first.stderr()).toBe('')

    const second = await start(dataDir)
    for (const { password } of demo.users) expect(second.stdout()).not.toContain(password)
    expect(await historyOf(second.url, demo)).toBe(played)
    expect(played).toBeGreaterThan(0)
    expect(await second.end()).toBe(0)
    expect(second.stderr()).toBe('')
  })

  test('starts empty with NEO_DEMO=0: no tenant, one operator whose password is printed once', async () => {
    const dataDir = join(folder, 'empty')
    const first = await start(dataDir, { NEO_DEMO: '0' })
    const [, email = '', password = ''] = /Sign in as\n {4}(\S+) +(\S+) /.exec(first.stdout()) ?? []
    const operator = createClient({ baseUrl: first.url, portal: 'admin', cookieJar: true })
    expect((await operator.session.signIn(email, password)).tenantId).toBe('platform')
    await operator.close()
    expect(first.stdout()).not.toContain('acme')
    await expect(stat(join(dataDir, 'demo.json'))).rejects.toThrow('ENOENT')
    await first.end()
    const second = await start(dataDir, { NEO_DEMO: '0' })
    expect(second.stdout()).not.toContain(password)
    await second.end()
  })

  test.each(['doctr', 'constructor'])('refuses the unknown word %s in a sentence', async word => {
    const child = spawn(process.execPath, [platformMain, word], { stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', chunk => { stderr += String(chunk) })
    const [code] = await once(child, 'close') as [number]
    expect(code).toBe(1)
    expect(stderr).toMatch(/^There is no command "\w+": .*\.\n$/)
  })
})

/** The tenant's key publishes, writes logs, usage and metrics. */
async function useKey(baseUrl: string, { apiKeys }: DemoFile): Promise<void> {
  const service = createClient({ baseUrl, apiKey: apiKeys.find(({ tenantId }) => tenantId === 'acme')?.key ?? '', request: { retries: 0 } })
  const publish = (family: string, type: string, data: Record<string, unknown>): Promise<unknown> => service.rest.events.publish({ channel: `tenant:acme:${family}`, type, data })
  await publish('alerts', 'alert', { severity: 'info', message: 'm' })
  await publish('deployments', 'deployment_progress', { deploymentId: 'start-test', progress: 1 })
  await publish('billing', 'billing_subscription', { subscriptionId: 's', status: 'completed', message: 'm' })
  await service.rest.logs.append({ tenantId: 'acme', deploymentId: 'start-test' }, { lines: ['a line'] })
  await service.rest.metrics.push('acme', { cpu: 1, memory: 1, disk: 1, networkIn: 1, networkOut: 1, activeInstances: 1, uptime: 1 })
  await service.close()
}

/** How many deployments of the demonstration there are, told by who made them. */
async function historyOf(baseUrl: string, { apiKeys }: DemoFile): Promise<number> {
  const service = createClient({ baseUrl, apiKey: apiKeys.find(({ tenantId }) => tenantId === 'globex')?.key ?? '' })
  const demos = async (): Promise<number> => (await service.rest.events.history({ channel: 'tenant:globex:deployments', after: 0, limit: 1000 })).events.filter(({ actor }) => actor?.type === 'demo').length
  let last = -1
  const count = await until(async () => {
    const before = last
    last = await demos()
    return last > 0 && last === before && last
  }, { timeoutMs: 30_000, everyMs: 300, what: 'the demonstration to be played' })
  await service.close()
  return count
}
