/** Deployments of real containers through the portal: images that are healthy, crash, never answer and flood their log, and a cancellation. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DeploymentList } from '@neo-stack/events'
import { isRequired as areContainersRequired, missing, smallStack, startDockerApi, thingsOf, TURN_MS, type DockerApi } from '@neo-stack/stack-deployer/podman'
import { until } from '@neo-stack/testing'
import type { Page } from 'playwright-core'
import { chromiumPath, isRequired, seriousFindings, type Watched } from './browser.ts'
import { openStage, type Stage } from './stage.ts'

const needs = [...chromiumPath ? [] : ['chromium'], ...missing]
if (needs.length > 0 && (isRequired || areContainersRequired)) throw new Error(`needs ${needs.join(', ')}`)

/** An operator's catalogue: the same stack with different images. */
const stacks = {
  healthy: smallStack('Saudável', 'localhost/stub/web:1'),
  crashing: smallStack('Quebra', 'localhost/stub/crash:1'),
  silent: smallStack('Mudo', 'localhost/stub/deaf:1', 3),
  patient: smallStack('Paciente', 'localhost/stub/deaf:1', 600),
  flooding: smallStack('Inunda', 'localhost/stub/flood:1'),
}
/** Lines that the flooding image prints. */
const FLOOD = 20_000
const LIMIT_MS = 240_000

describe.skipIf(needs.length > 0)(`deployments of containers${needs.length > 0 ? ` (skipped: needs ${needs.join(', ')})` : ''}`, () => {
  let api: DockerApi
  let stage: Stage
  let folder: string
  let catalogue: string
  let member: Watched
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'neo-catalogue-'))
    catalogue = path.join(folder, 'stacks.json')
    await writeFile(catalogue, JSON.stringify({ stacks }))
    api = await startDockerApi()
  }, TURN_MS)
  // Building portals has its own time: how long others' turns took says nothing of it.
  beforeAll(async () => {
    stage = await openStage(1, { NEO_DEPLOYER: 'docker', DOCKER_HOST: `unix://${api.socket}`, NEO_CATALOGUE: catalogue })
    member = await stage.enter('member@acme.example')
    member.page.setDefaultTimeout(60_000)
  }, 600_000)
  afterAll(async () => {
    await stage?.close()
    await api?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  }, 120_000)

  /** Deploys by the form and gives the page of the deployment, open. */
  async function deploy(stack: keyof typeof stacks): Promise<Page> {
    const { page } = member
    await page.goto(`${stage.platform.url}/tenant/deployments`)
    await page.getByTestId('new-deployment-open').click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(stacks[stack].label, { exact: true }).click()
    await dialog.getByLabel('Nome da instância').fill(stack)
    await dialog.getByTestId('new-deployment-submit').click()
    await dialog.waitFor({ state: 'detached' })
    const [deployment] = (await stage.read<DeploymentList>('acme', `/v1/tenants/acme/deployments?instanceId=${stack}`)).deployments
    await page.goto(`${stage.platform.url}/tenant/deployments/${deployment?.deploymentId ?? ''}`)
    await page.getByTestId('deployment-page').waitFor()
    return page
  }
  const untilStatus = (page: Page, status: string): Promise<void> => page.locator(`[data-testid="deployment-page"] [data-status="${status}"]`).waitFor({ timeout: 90_000 })
  const states = (page: Page): Promise<(string | null)[]> => page.getByTestId('step').evaluateAll(steps => steps.map(step => (step as unknown as { getAttribute: (name: string) => string | null }).getAttribute('data-state')))

  it('of a healthy image ends with an address that answers', async () => {
    const page = await deploy('healthy')
    await untilStatus(page, 'completed')
    const url = await page.getByTestId('deployment-url').getAttribute('href')
    expect((await fetch(`${url ?? ''}/web/health`)).status).toBe(200)
    expect(await page.getByTestId('simulated').count()).toBe(0)
    expect(new Set(await states(page))).toEqual(new Set(['done']))
    await page.getByText('health: web is healthy', { exact: false }).waitFor()
    await page.goto(`${stage.platform.url}/tenant/instances`)
    const instance = page.getByTestId('instance').filter({ hasText: 'healthy' })
    await instance.getByTestId('instance-log').click()
    await page.getByTestId('instance-log-line').filter({ hasText: 'listening on 8069' }).waitFor()
    await page.getByTestId('instance-log-line').filter({ hasText: 'listening on 6379' }).waitFor()
    await page.getByTestId('instance-log-service').selectOption('web')
    await page.getByTestId('instance-log-line').filter({ hasText: 'listening on 6379' }).waitFor({ state: 'detached' })
    await page.getByTestId('instance-log-line').filter({ hasText: 'listening on 8069' }).waitFor()
    expect(await seriousFindings(page)).toEqual([])
  }, LIMIT_MS)

  it('of a crashing image says why, keeps what was ok, and goes on in the step that failed', async () => {
    const page = await deploy('crashing')
    await untilStatus(page, 'failed')
    await page.getByTestId('deployment-error').filter({ hasText: 'O serviço web terminou com o código 17.' }).waitFor()
    await page.getByText('fatal: no such table', { exact: false }).waitFor()
    expect((await states(page)).slice(-2)).toEqual(['broken', 'skipped'])
    const database = await api.docker.getContainer('neo_acme_crashing_database').inspect()
    expect(await thingsOf(api.docker, 'crashing')).not.toContain('/neo_acme_crashing_web')
    const before = page.url()
    await page.getByTestId('deployment-retry').click()
    await page.waitForURL(url => url.href !== before)
    await untilStatus(page, 'failed')
    expect((await states(page)).filter(state => state === 'kept').length).toBeGreaterThan(5)
    expect((await api.docker.getContainer('neo_acme_crashing_database').inspect()).Id).toBe(database.Id)
  }, LIMIT_MS)

  it('of an image that never answers says how long it was waited for', async () => {
    const page = await deploy('silent')
    await untilStatus(page, 'failed')
    await page.getByTestId('deployment-error').filter({ hasText: 'não ficou saudável em 3 s' }).waitFor()
  }, LIMIT_MS)

  it('of an image that floods its log shows every line, in order, and the last of them at once', async () => {
    const page = await deploy('flooding')
    await untilStatus(page, 'completed')
    const viewer = page.getByTestId('log-viewer')
    await until(async () => Number(await viewer.getAttribute('data-held')) > FLOOD, { timeoutMs: 30_000, what: 'the page to hold every line' })
    expect(Number(await viewer.getAttribute('data-held'))).toBe(Number(await viewer.getAttribute('data-last')))
    await page.getByText('Instância disponível em', { exact: false }).last().waitFor({ timeout: 10_000 })
    expect(await page.getByTestId('log-line').count()).toBeLessThan(300)
    await page.getByTestId('log-search').fill('flooding the log')
    await page.getByTestId('log-found').filter({ hasText: String(FLOOD) }).waitFor()
  }, LIMIT_MS)

  it('is cancelled while it waits and leaves no container, network or volume behind', async () => {
    const page = await deploy('patient')
    await page.getByText('I never answer', { exact: false }).first().waitFor({ timeout: 60_000 })
    expect(await thingsOf(api.docker, 'patient')).toHaveLength(5)
    await page.getByTestId('deployment-cancel').click()
    await untilStatus(page, 'cancelled')
    await until(async () => (await thingsOf(api.docker, 'patient')).length === 0, { timeoutMs: 30_000, what: 'everything to be removed' })
    expect(await states(page)).toContain('cancelled')
  }, LIMIT_MS)

  it('leaves nothing at all once every instance is deleted', async () => {
    const { page } = member
    for (const instance of ['healthy', 'crashing', 'silent', 'flooding'] as const) {
      await page.goto(`${stage.platform.url}/tenant/instances`)
      await page.getByTestId('instance').filter({ hasText: instance }).getByTestId('instance-remove').click()
      await page.getByTestId('instance-confirm').click()
      await until(async () => (await thingsOf(api.docker, instance)).length === 0, { timeoutMs: 60_000, what: `${instance} to be removed` })
    }
    expect(await thingsOf(api.docker)).toEqual([])
    expect(member.errors).toEqual([])
  }, LIMIT_MS)
})
