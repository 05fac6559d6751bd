import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { createTestPlatform, findCentrifugo, findFreePort, startCentrifugo, until, type TestPlatform } from '@neo-stack/testing'
import { ALERTMANAGER_START } from '../src/monitoring/alertmanager.ts'
import { dashboards } from '../src/monitoring/dashboards.ts'
import { alerts, createRules } from '../src/monitoring/prometheus.ts'
import { findProgram, hastyConfig, hastyRules, untilReady } from './prometheus.ts'
import { holds, readPage, selectorsOf, type Matcher, type Page, type Selector } from './promql.ts'
import { openSocket, SECRET, sign } from './sockets.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))
const isRequired = process.env['NEO_REQUIRE_ALL'] === '1'
const [prometheus, promtool] = ['prometheus', 'promtool'].map(name => findProgram(name))
/** Whether go has its modules, or gets them from the proxy within the time that collecting tests may take. */
const isGoReady = (): boolean => spawnSync('go', ['list', '-deps', '.'], { cwd: path.join(folder, 'test/grafana-schema'), timeout: 10_000, killSignal: 'SIGKILL' }).status === 0
const lacksGo = isRequired || isGoReady() ? '' : ' (skipped: needs go and its modules)'
const needs = prometheus && promtool ? '' : ' (skipped: needs prometheus)'

/** What a question of a dashboard is once Grafana has put its interval in. */
const withInterval = (expr: string): string => expr.replaceAll('$__rate_interval', '1m')
const questions = Object.entries(dashboards).flatMap(([name, { panels }]) => panels.flatMap(({ title, queries }) => Object.values(queries).map(expr => ({ name, title, expr: withInterval(expr) }))))

/** Every question of a rule or a panel, with who asks it. */
const asked = [
  ...questions.map(({ name, title, expr }) => ({ who: `${name} / ${title}`, expr })),
  ...(parse(createRules()) as { groups: { rules: { alert?: string, record?: string, expr: string }[] }[] }).groups.flatMap(({ rules }) => rules.map(({ alert, record, expr }) => ({ who: alert ?? record ?? '', expr }))),
]
/** What runbooks tell people to ask; words of SQL, of settings and of other programs aside. */
const OTHER_WORDS = new Set(['extra_hosts', 'max_connections', 'node_filesystem_avail_bytes'])
const told = alerts.flatMap(({ name, runbook: { means, feels, look, act } }) => [...[means, feels, ...look, ...act].join('\n').matchAll(/`([^`]+)`/g)]
  .flatMap(([, expr = '']) => /^(?:rate\()?[a-z]\w*_\w*/.test(expr) && !OTHER_WORDS.has(expr) ? [{ who: `${name}.md`, expr }] : []))
const recorded = new Set(asked.map(({ who }) => who))

/** Values that only a fault makes: that the label is there at all is demanded all the same. */
const OF_FAULTS: readonly { metric: string, label: string, value: string, when: string }[] = [
  { metric: 'http_requests_total', label: 'status', value: '5..', when: 'a request failed by our fault' },
  { metric: 'centrifugo_client_num_server_disconnects', label: 'code', value: '3008', when: 'a reader did not keep up' },
  { metric: 'centrifugo_client_num_reply_errors', label: 'code', value: '109', when: 'a token had run out' },
  { metric: 'centrifugo_client_num_reply_errors', label: 'method', value: 'connect', when: 'the same; asked of a real Centrifugo below' },
]

/** What is wrong with a selector on a page of metrics, if anything. */
function faultOf({ metric, matchers }: Selector, { names, series }: Page): string | undefined {
  if (!names.has(metric)) return 'is not there'
  const own = matchers.filter(({ label }) => !ADDED.has(label)).flatMap(eachOf)
  const isOfFault = ({ label, value }: Matcher): boolean => OF_FAULTS.some(fault => fault.metric === metric && fault.label === label && fault.value === value)
  // A histogram has series under the names of its parts alone.
  const found = series.get(metric) ?? series.get(`${metric}_count`) ?? []
  const unknown = own.find(matcher => isOfFault(matcher) && !found.some(labels => matcher.label in labels))
  if (unknown) return `has no label ${unknown.label}`
  const usual = own.filter(matcher => !isOfFault(matcher))
  const alone = usual.find(matcher => !found.some(labels => holds(matcher, labels)))
  return alone && `has no series with ${alone.label}${alone.operator}"${alone.value}"`
}

/** Alternatives are asked for one by one, so that none of them is misspelt. */
const eachOf = (matcher: Matcher): Matcher[] => matcher.operator === '=~' && /^[\w-]+(?:\|[\w-]+)+$/.test(matcher.value)
  ? matcher.value.split('|').map(value => ({ ...matcher, operator: '=', value }))
  : [matcher]

/** Labels that Prometheus adds to what it scrapes. */
const ADDED: ReadonlySet<string> = new Set(['job', 'instance'])

/** What is wrong with any selector of a metric whose name begins so. */
const faultsOn = (page: Page, prefix = ''): string[] => [...asked, ...told].flatMap(({ who, expr }) => selectorsOf(expr)
  .filter(({ metric }) => metric.startsWith(prefix) && metric !== 'up' && !recorded.has(metric))
  .flatMap(selector => { const fault = faultOf(selector, page); return fault === undefined ? [] : [`${who}: ${selector.metric} ${fault}`] }))

describe('what watches the platform', () => {
  it('has at least 25 alerts, each with a runbook that says the four things', () => {
    expect(alerts.length).toBeGreaterThanOrEqual(25)
    const pages = readdirSync(path.join(folder, '../docs/runbooks'))
    expect(new Set(pages)).toEqual(new Set(['README.md', ...alerts.map(({ name }) => `${name}.md`)]))
    for (const { name, runbook, dashboard } of alerts) {
      expect([runbook.means, runbook.feels, ...runbook.look, ...runbook.act].every(text => text.length > 5), name).toBe(true)
      expect(dashboards[dashboard], name).toBeDefined()
    }
  })

  it('shows on the dashboard that an alert links to what the alert is about', () => {
    const toNames = (expr: string): string[] => selectorsOf(expr).map(({ metric }) => metric.replace(/_(?:bucket|count|sum)$/, '').replace(/:(?:ratio_rate|increase)\w+$/, ''))
    for (const { name, expr, dashboard } of alerts) {
      const shown = new Set(questions.filter(question => question.name === dashboard).flatMap(question => toNames(question.expr)))
      expect(toNames(expr).filter(metric => shown.has(metric)), `${name} on ${dashboard}`).not.toEqual([])
    }
  })

  it('is said of as it is: the number of alerts in the README', () => {
    expect(readFileSync(path.join(folder, '../README.md'), 'utf8')).toContain(`${alerts.length} alert rules with runbooks`)
  })

  it('asks of jobs that Prometheus scrapes', () => {
    const { scrape_configs: jobs } = parse(readFileSync(path.join(folder, 'prometheus/prometheus.yaml'), 'utf8')) as { scrape_configs: { job_name: string }[] }
    const wanted = asked.flatMap(({ expr }) => selectorsOf(expr)).flatMap(({ matchers }) => matchers.filter(({ label }) => label === 'job').flatMap(eachOf))
    expect(wanted.length).toBeGreaterThan(5)
    for (const matcher of wanted) expect(jobs.some(({ job_name: job }) => holds(matcher, { job })), matcher.value).toBe(true)
  })

  it('holds back alerts that there are, by causes that there are', () => {
    const { inhibit_rules: rules } = parse(ALERTMANAGER_START) as { inhibit_rules: { source_matchers: string[], target_matchers: string[] }[] }
    const names = rules.flatMap(({ source_matchers: sources, target_matchers: targets }) => [...sources, ...targets]).flatMap(matcher => /^alertname=~"(.+)"$/.exec(matcher)?.[1]?.split('|') ?? [`not understood: ${matcher}`])
    expect(names.filter(name => !alerts.some(alert => new RegExp(`^(?:${name})$`).test(alert.name)))).toEqual([])
    expect(names).toContain('EventServiceDown')
  })

  it('has at least six dashboards with identifiers of their own', () => {
    const uids = Object.keys(dashboards)
    expect(uids.length).toBeGreaterThanOrEqual(6)
    for (const { panels } of Object.values(dashboards)) expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length)
  })

  describe.skipIf(lacksGo !== '')(`by the schema that Grafana generates${lacksGo}`, () => {
    const isValid = (...files: string[]): string => {
      const { status, stdout, stderr } = spawnSync('go', ['run', '.', ...files], { cwd: path.join(folder, 'test/grafana-schema'), encoding: 'utf8' })
      return status === 0 ? 'valid' : `${stdout}${stderr}`
    }
    const written = path.join(folder, 'grafana/dashboards')

    it('every dashboard is valid', () => {
      expect(isValid(...readdirSync(written).map(name => path.join(written, name)))).toBe('valid')
    }, 180_000)

    it('a field that is misspelt, missing or of another type is said with its path', () => {
      const own = mkdtempSync(path.join(tmpdir(), 'neo-dashboard-'))
      onTestFinished(() => rmSync(own, { recursive: true, force: true }))
      const file = path.join(own, 'overview.json')
      const text = readFileSync(path.join(written, 'overview.json'), 'utf8')
      writeFileSync(file, text.replace('"justifyMode"', '"justify"').replace('"schemaVersion": 39', '"schemaVersion": "39"'))
      const said = isValid(file)
      for (const part of ['schemaVersion: json: cannot unmarshal string', 'panels[0].options.justifyMode: required field is missing', "unexpected field 'justify'"]) expect(said).toContain(part)
    }, 180_000)
  })
})

describe.skipIf(needs !== '' && !isRequired)(`with a real Prometheus${needs}`, () => {
  let platform: TestPlatform
  let server: ChildProcess
  let own: string
  let url: string

  beforeAll(async () => {
    own = mkdtempSync(path.join(tmpdir(), 'neo-prometheus-'))
    platform = await createTestPlatform({ folder: own, tenantMetrics: true })
    const port = await findFreePort()
    url = `http://127.0.0.1:${port}`
    const target = new URL(platform.url).host
    writeFileSync(path.join(own, 'token'), 'not-needed-on-loopback')
    writeFileSync(path.join(own, 'rules.yaml'), hastyRules())
    writeFileSync(path.join(own, 'prometheus.yaml'), hastyConfig({ 'event-service': [target], 'stack-deployer': [`127.0.0.1:${await findFreePort()}`], 'centrifugo': [target] }, { token: path.join(own, 'token'), alertmanager: '127.0.0.1:9' }).replace(/^alerting:\n(?: .*\n)*/m, ''))
    server = spawn(prometheus ?? '', [`--config.file=${own}/prometheus.yaml`, `--storage.tsdb.path=${own}/data`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error'], { stdio: 'inherit' })
    await untilReady(url, 'Prometheus')
  }, 120_000)
  afterAll(async () => {
    if (server && server.exitCode === null) {
      server.kill()
      await once(server, 'exit')
    }
    await platform?.stop()
    if (own) rmSync(own, { recursive: true, force: true })
  })

  const ask = async (expr: string): Promise<number[]> => {
    const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expr)}`).then(response => response.json()) as { status: string, error?: string, data?: { result: { value: [number, string] }[] } }
    if (answer.status !== 'success') throw new Error(`${expr}: ${answer.error ?? 'no answer'}`)
    return (answer.data?.result ?? []).map(({ value }) => Number(value[1]))
  }

  it('promtool takes the rules, each alert fires under its samples and stays quiet under the others', () => {
    const run = (...args: string[]): string => {
      const { status, stdout, stderr } = spawnSync(promtool ?? '', args, { cwd: path.join(folder, 'prometheus'), encoding: 'utf8' })
      return `${status} ${stdout}${stderr}`
    }
    expect(run('check', 'rules', '--lint=all', '--lint-fatal', 'rules.yaml')).toMatch(/^0 /)
    expect(run('check', 'config', '--syntax-only', 'prometheus.yaml')).toMatch(/^0 /)
    expect(run('test', 'rules', 'rules.test.yaml', 'rules.slow.test.yaml')).toMatch(/^0 /)
  }, 180_000)

  it('every series that a rule or a panel asks for is one of a platform that has worked', async () => {
    await useEverything(platform)
    const page = readPage(await fetch(`${platform.url}/metrics`).then(response => response.text()) + await fetch(`${platform.url}/metrics/tenants`).then(response => response.text()))
    expect(told.length).toBeGreaterThan(30)
    expect(faultsOn(page)).toEqual([])
  })

  it('every panel shows a figure after people and programs have worked', async () => {
    const work = async (): Promise<void> => { await useEverything(platform) }
    await work()
    const empty = async (): Promise<string[]> => {
      const found = await Promise.all(questions.map(async ({ name, title, expr }) => (await ask(expr)).some(Number.isFinite) ? [] : [`${name} / ${title}: ${expr}`]))
      return found.flat().filter(panel => !ELSEWHERE.some(metric => panel.includes(metric)))
    }
    let left: string[] = []
    await until(async () => {
      await work()
      left = await empty()
      return left.length === 0
    }, { timeoutMs: 60_000, everyMs: 2000, what: () => `every panel to show something; empty: ${left.join('\n')}` })
  }, 120_000)
})

/** What this platform has none of: nodes that deliver (`tests/cluster/operating.test.ts` asks them), and an address that is https. */
const ELSEWHERE = ['delivery_canary_ok', 'public_certificate_']

const centrifugo = findCentrifugo()
const lacks = 'missing' in centrifugo ? ` (skipped: needs ${centrifugo.missing})` : ''

describe.skipIf(lacks !== '' && !isRequired)(`with a real Centrifugo${lacks}`, () => {
  it('has every series that a rule or a panel asks it for', async () => {
    if (!('path' in centrifugo)) throw new Error(centrifugo.missing)
    await using node = await startCentrifugo({ path: centrifugo.path, config: {
      prometheus: { enabled: true }, client: { token: { hmac_secret_key: SECRET } }, channel: { namespaces: [{ name: 'open', allow_subscribe_for_client: true }, { name: 'shut' }] }, http_api: { key: SECRET },
    } })
    const reader = await openSocket(node.url, sign({ sub: 'reader' }))
    await reader.ask({ subscribe: { channel: 'open:a' } })
    await fetch(`${node.url}/api/publish`, { method: 'POST', headers: { 'x-api-key': SECRET }, body: JSON.stringify({ channel: 'open:a', data: {} }) })
    await reader.hears('pub')
    await openSocket(node.url, sign({ sub: 'late', exp: 1 })).then(({ close }) => { close() })
    await (await openSocket(node.url, sign({ sub: 'guesses' }, 'another secret'))).closed
    await reader.ask({ subscribe: { channel: 'shut:a' } })
    const page = readPage(await fetch(`${node.url}/metrics`).then(response => response.text()))
    expect(faultsOn(page, 'centrifugo_')).toEqual([])
    expect(page.series.get('centrifugo_client_num_reply_errors')).toContainEqual({ channel_namespace: '', method: 'connect', code: '109' })
    reader.close()
  })
})

/** One of each thing that a panel shows. */
async function useEverything(platform: TestPlatform): Promise<void> {
  const service = platform.service('acme')
  const member = await platform.client('member')
  const feed = member.feeds.events('tenant:acme:alerts', { onSnapshot: () => undefined, onEvent: () => undefined })
  feed.start()
  await until(() => feed.status.state === 'live', { what: 'a live feed' })
  await service.rest.events.publish({ channel: 'tenant:acme:alerts', type: 'alert', data: { severity: 'info', message: 'seen' } })
  await service.rest.events.publish({ channel: 'tenant:acme:deployments', type: 'deployment_start', data: { deploymentId: `d-${Date.now()}`, instanceId: 'shop', instanceType: 'odoo' } })
  await service.rest.events.publish({ channel: 'tenant:acme:billing', type: 'billing_subscription', data: { subscriptionId: `s-${Date.now()}`, status: 'completed', message: 'Assinatura renovada' } })
  await service.rest.events.history({ channel: 'tenant:acme:alerts', after: 0 })
  const request = (address: string, init: RequestInit = {}): Promise<Response> => fetch(`${platform.url}${address}`, init)
  const { deploymentId } = await member.rest.deployments.create('acme', { instanceType: 'odoo', name: `Shop ${Date.now()}`, config: {} })
  await until(async () => (await member.rest.logs.page({ tenantId: 'acme', deploymentId })).lines.length > 0, { timeoutMs: 20_000, what: 'a line of the log' })
  await Promise.all([
    request('/v1/session', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email: 'nobody@acme.example', password: 'wrong' }) }),
    request('/v1/webhooks/billing/nobody', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }),
    request('/v1/tenants/acme/presence/me/tab', { method: 'DELETE', headers: { authorization: `Bearer ${await member.session.getAccessToken() ?? ''}` } }),
    request('/v1/tenants/globex/instances', { headers: { authorization: `Bearer ${await member.session.getAccessToken() ?? ''}` } }),
  ])
  await member.rest.telemetry.report({ received: [{ family: 'alerts', type: 'alert', count: 1 }], paints: [40] }).catch(() => undefined)
  const { token } = await request('/v1/realtime/connection-token', { method: 'POST', headers: { authorization: `Bearer ${await member.session.getAccessToken() ?? ''}` } }).then(response => response.json()) as { token: string }
  // What realtime refuses: a channel without a token of its own, and a connection's token of somebody else.
  const socket = await openSocket(platform.url, token)
  await socket.ask({ subscribe: { channel: 'tenant:acme:billing' } })
  socket.close()
  await (await openSocket(platform.url, sign({ sub: 'guesses' }))).closed
  await member.session.signOut()
  await member.close()
}
