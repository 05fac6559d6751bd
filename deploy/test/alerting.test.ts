/** From a target that is away to whoever is told: a real Prometheus, a real Alertmanager, and somebody's webhook. */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findFreePort, until } from '@neo-stack/testing'
import { ALERTMANAGER_START } from '../src/monitoring/alertmanager.ts'
import { alerts } from '../src/monitoring/prometheus.ts'
import { findProgram, hastyConfig, hastyRules, untilReady } from './prometheus.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))
const isRequired = process.env['NEO_REQUIRE_ALL'] === '1'
const [prometheus = '', alertmanager = '', amtool = ''] = [['prometheus'], ['prometheus-alertmanager', 'alertmanager'], ['amtool']]
  .map(names => findProgram(...names))
const isHere = [prometheus, alertmanager, amtool].every(file => file !== '')

interface Told { receiver: string, alerts: { status: string, labels: Record<string, string>, annotations: Record<string, string> }[] }
interface Alert { labels: Record<string, string>, status: { inhibitedBy: string[] } }

describe.skipIf(!isHere && !isRequired)(`who is told${isHere || isRequired ? '' : ' (skipped: needs prometheus and prometheus-alertmanager)'}`, () => {
  const own = mkdtempSync(path.join(tmpdir(), 'neo-alerting-'))
  const children: ChildProcess[] = []
  const told: Told[] = []
  let webhook: Server
  let urls: Record<'prometheus' | 'alertmanager', string>

  const start = async (command: string, args: readonly string[], url: string, env: Readonly<Record<string, string>> = {}): Promise<void> => {
    children.push(spawn(command, args, { stdio: 'ignore', cwd: own, env }))
    await untilReady(url, command)
  }
  const write = (name: string, text: string): string => {
    writeFileSync(path.join(own, name), text)
    return path.join(own, name)
  }

  beforeAll(async () => {
    webhook = createServer((request, response) => {
      let body = ''
      request.setEncoding('utf8').on('data', text => { body += text }).on('end', () => {
        told.push({ ...JSON.parse(body) as Told, receiver: request.url?.slice(1) ?? '' })
        response.end()
      })
    }).listen(0, '127.0.0.1')
    await once(webhook, 'listening')
    const at = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}`
    const [one, other, nobody] = [await findFreePort(), await findFreePort(), `127.0.0.1:${await findFreePort()}`]
    urls = { prometheus: `http://127.0.0.1:${one}`, alertmanager: `http://127.0.0.1:${other}` }
    const receivers = ALERTMANAGER_START.replaceAll(/- name: (\w+)\n/g, (line, name: string) => `${line}    webhook_configs: [{ url: '${at}/${name}' }]\n`)
    const config = write('alertmanager.yaml', receivers.replaceAll(/group_(wait|interval): \w+/g, 'group_$1: 1s'))
    await start(alertmanager, [`--config.file=${config}`, `--storage.path=${own}/alertmanager`, `--web.listen-address=127.0.0.1:${other}`, '--cluster.listen-address='], urls.alertmanager)
    // Nothing answers.
    write('rules.yaml', hastyRules())
    write('token', 'not asked for')
    const scrape = hastyConfig({ 'event-service': [nobody], 'stack-deployer': [nobody], 'centrifugo': [] }, { token: path.join(own, 'token'), alertmanager: `127.0.0.1:${other}` })
    await start(prometheus, [
      `--config.file=${write('prometheus.yaml', scrape)}`, `--storage.tsdb.path=${own}/prometheus`, `--web.listen-address=127.0.0.1:${one}`,
      `--web.external-url=${urls.prometheus}`, `--web.console.templates=${folder}/prometheus/consoles`, '--enable-feature=expand-external-labels',
      // What fires before Alertmanager is found is lost, and told again after this.
      '--rules.alert.resend-delay=1s',
    ], urls.prometheus, { NEO_GRAFANA_URL: 'https://grafana.example' })
  }, 120_000)
  afterAll(async () => {
    await Promise.all(children.map(async child => {
      if (child.exitCode !== null || !child.kill()) return
      await once(child, 'exit')
    }))
    webhook?.close()
    rmSync(own, { recursive: true, force: true })
  })

  it('is nobody in a new installation, whose configuration Alertmanager takes as it is', () => {
    const { status, stdout, stderr } = spawnSync(amtool, ['check-config', write('start.yaml', ALERTMANAGER_START)], { encoding: 'utf8' })
    expect(`${status} ${stdout}${stderr}`).toMatch(/^0 /)
    expect(ALERTMANAGER_START).not.toMatch(/^ +\w+_configs/m)
  })

  it('is whoever is woken, at once, with the way to the runbook and the dashboard, and no label that leads there', async () => {
    const page = (): Told['alerts'][number] | undefined => told.filter(({ receiver }) => receiver === 'page').flatMap(({ alerts }) => alerts).find(({ status, labels }) => status === 'firing' && labels['alertname'] === 'NoEventServiceUp')
    await until(() => page() !== undefined, { timeoutMs: 30_000, what: 'a page' })
    const { labels = {}, annotations = {} } = page() ?? {}
    expect(labels).toEqual({ alertname: 'NoEventServiceUp', job: 'event-service', severity: 'page' })
    expect(annotations['dashboard_url']).toMatch(/^https:\/\/grafana\.example\/d\/neo-/)
    expect(annotations['runbook_url']).toBe(`${urls.prometheus}/consoles/runbooks.html#NoEventServiceUp`)
  }, 60_000)

  it('is not told what follows from a cause that fires too, and is told what does not', async () => {
    let active: Alert[] = []
    const find = (name: string): Alert | undefined => active.find(({ labels }) => labels['alertname'] === name)
    await until(async () => {
      active = await fetch(`${urls.alertmanager}/api/v2/alerts`).then(answer => answer.json()) as Alert[]
      return find('DeployerDown') !== undefined && (find('EventServiceDown')?.status.inhibitedBy.length ?? 0) > 0
    }, { timeoutMs: 30_000, what: 'an alert that is held back' })
    expect(find('EventServiceDown')?.labels).toMatchObject({ job: 'event-service' })
    expect(find('DeployerDown')?.status.inhibitedBy).toEqual([])
  }, 60_000)

  it('finds the runbooks where Prometheus serves them, below what fires now and by which labels', async () => {
    const page = await fetch(`${urls.prometheus}/consoles/runbooks.html`).then(answer => answer.text())
    for (const { name, runbook: { act } } of alerts) {
      expect(page).toContain(`<section id="${name}">`)
      expect(page).toContain(act[0]?.split('`')[0])
    }
    expect(page).toContain('https://grafana.example/d/neo-deployments')
    expect(page).toMatch(/Firing now:[^]*<a href="#DeployerDown">DeployerDown<\/a> instance=127\.0\.0\.1:\d+ job=stack-deployer <small>since \d{4}-/)
  })
})
