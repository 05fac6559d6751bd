/** How long an accepted event takes until a person sees it: 50 viewers, one of them a real browser on the tenant portal. */

import type { Page } from 'playwright-core'
import { until } from '@neo-stack/testing'
import { signIn } from '@neo-stack/testing/playwright'
import { chromiumPath, launchBrowser, readPaints, watchPaints } from '../browser.ts'
import { onEveryCore } from '../machine.ts'
import { createServiceClient, readAccount } from '../keys.ts'
import { runOpenLoop } from '../load.ts'
import { toPaintTimes, type Sent } from '../paints.ts'
import { startServer, watchGenerator, type Scenario } from '../scenario.ts'
import { summarise } from '../statistics.ts'
import type { Row } from '../table.ts'
import { openViewers } from '../viewers.ts'

const VIEWERS = 50
const PER_SECOND = 100
const DEPLOYMENTS = 10

export const paint: Scenario = {
  doc: `accepted → painted in chromium, ${VIEWERS} viewers at ${PER_SECOND} events/s over ${DEPLOYMENTS} deployments`,
  run: async context => {
    if (chromiumPath === undefined) return { rows: [], notes: ['skipped: needs chromium'] }
    await using platform = await startServer(context, { env: { NEO_PORTALS: 'auto', PATH: process.env['PATH'] ?? '' }, readyTimeoutMs: 600_000 })
    const service = await createServiceClient(platform, 'acme')
    const viewers = await openViewers(platform, { count: VIEWERS - 1, channel: 'tenant:acme:deployments' }, () => { /* load only */ })
    const browser = await onEveryCore(launchBrowser)
    const page = await browser.newPage({ locale: 'pt-BR', viewport: { width: 1440, height: 2400 } })
    const publish = async (index: number): Promise<Sent> => {
      const deployment = `bench-${index % DEPLOYMENTS}`
      const n = Math.floor(index / DEPLOYMENTS)
      const data = { deploymentId: deployment, name: deployment, instanceType: 'odoo', progress: n % 100, currentStep: `bench:${deployment}/${n}` }
      const { time } = await service.rest.events.publish({ channel: 'tenant:acme:deployments', type: 'deployment_progress', data })
      return { deployment, n, at: Date.parse(time) }
    }
    try {
      await signIn(page, `${platform.url}/tenant/`, await readAccount(platform, 'member@acme.example'))
      for (let index = 0; index < DEPLOYMENTS; index++) await publish(index)
      await page.getByText(`bench:bench-${DEPLOYMENTS - 1}/0`).first().waitFor({ timeout: 30_000 })
      await watchPaints(page)
      return await watchGenerator(() => measure(page, { seconds: context.seconds, publish }))
    } finally {
      await browser.close()
      await Promise.all([...viewers, service].map(client => client.close()))
    }
  },
}

async function measure(page: Page, { seconds, publish }: { seconds: number, publish: (index: number) => Promise<Sent> }): Promise<Row[]> {
  const sent: Sent[] = []
  await runOpenLoop({ perSecond: PER_SECOND, seconds }, async index => { sent.push(await publish(index + DEPLOYMENTS)) })
  await until(async () => toPaintTimes(sent, await readPaints(page)).every(time => time !== undefined), { timeoutMs: 20_000, everyMs: 200, what: 'every event to be painted' })
  const { p50, p99, count } = summarise(toPaintTimes(sent, await readPaints(page)).map(time => time ?? Number.POSITIVE_INFINITY))
  return [
    { name: 'accepted → painted, p50', value: p50, unit: 'ms' },
    { name: 'accepted → painted, p99', value: p99, unit: 'ms', goal: '≤ 150' },
    { name: 'events', value: count, unit: '' },
  ]
}
