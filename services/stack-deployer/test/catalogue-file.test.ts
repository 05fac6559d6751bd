import { describe, expect, it } from 'vitest'
import { buildPlan, catalogue, entryOf, readCatalogueFile, toStacks } from '../src/index.ts'
import { createJob } from './fake-platform.ts'

const gitea = {
  label: 'Gitea', front: 'gitea',
  config: { version: { default: '1.22.3', pattern: String.raw`\d\.\d+\.\d+` } },
  services: [
    { name: 'gitea', image: 'gitea/gitea:{version}', port: 3000, needs: ['database'], container: { memoryMiB: 512, cpus: 1, mounts: { data: '/data' }, probe: { command: ['wget', '-q', 'http://127.0.0.1:3000'], seconds: 60 } } },
    { name: 'database', image: 'postgres:16.9', port: 5432, container: { memoryMiB: 256, cpus: 0.5, secrets: ['db_password'] } },
  ],
}

type Change = (stack: Record<string, unknown> & { services: Record<string, unknown>[] }) => void
const changed = (change: Change): unknown => {
  const stack = structuredClone(gitea) as unknown as Parameters<Change>[0]
  change(stack)
  return { stacks: { gitea: stack } }
}
const first = (fields: object): unknown => changed(({ services: [service] }) => Object.assign(service ?? {}, fields))
const step = (id: string, more: object = {}): object => ({ id, run: { in: 'exec', service: 'gitea', command: ['true'] }, ...more })

describe('an operator\'s catalogue', () => {
  it('puts images in the place of the catalogue\'s, with the configuration filled in', () => {
    const entries = readCatalogueFile(catalogue, { images: { odoo: { odoo: 'registry.example:5000/odoo:{version}-br' } } })
    const images = buildPlan(entryOf(entries, 'odoo'), createJob({ config: { version: '18.0' } })).flatMap(({ id, params }) => id === 'pull_image' ? [params['image']] : [])
    expect(images).toEqual(['postgres:16.9', 'registry.example:5000/odoo:18.0-br'])
    expect(entries['netbox']).toEqual(catalogue.netbox)
  })

  it('adds a stack: people may choose it, and its plan follows from the file', () => {
    const entries = readCatalogueFile(catalogue, { stacks: { gitea } })
    expect(toStacks(entries).map(({ type }) => type)).toEqual(['odoo', 'netbox', 'wazuh', 'gitea'])
    expect(toStacks(entries).at(-1)).toEqual({ type: 'gitea', label: 'Gitea', fields: [{ name: 'version', default: '1.22.3', pattern: String.raw`^(?:\d\.\d+\.\d+)$` }] })
    const plan = buildPlan(entryOf(entries, 'gitea'), createJob({ instanceType: 'gitea', config: { version: '1.23.0' } }))
    expect(plan.map(({ id, params }) => [id, params['image'] ?? params['service']].filter(Boolean).join(' '))).toEqual([
      'check_resources', 'pull_image gitea/gitea:1.23.0', 'pull_image postgres:16.9', 'create_network', 'create_volumes', 'create_secrets',
      'start_service database', 'start_service gitea', 'check_health gitea', 'configure_route',
    ])
  })

  it('puts a stack in the place of one of the same name', () => {
    const entries = readCatalogueFile(catalogue, { stacks: { odoo: { ...gitea, label: 'Odoo of ours' } }, images: { odoo: { database: 'postgres:17.1' } } })
    expect(entryOf(entries, 'odoo')).toMatchObject({ type: 'odoo', label: 'Odoo of ours', services: [{ name: 'gitea' }, { image: 'postgres:17.1' }] })
  })

  it.each([
    [{ images: { odoo: { redis: 'redis:7' } } }, /^images\.odoo\.redis: the stack has no such service; it has postgres, odoo/],
    [{ images: { odoo: { odoo: 'rm -rf /' } } }, /^images\.odoo\.odoo: must be an image/],
    [{ images: { odoo: { odoo: 'odoo' } } }, /^images\.odoo\.odoo: must name a version/],
    [{ images: { gitlab: {} } }, /^images\.gitlab: there is no such stack; there are odoo, netbox, wazuh/],
    [{ stack: {} }, /^the file: .*stack/],
    [[], /^the file: /],
    [{ stacks: { 'Git ea': gitea } }, /^stacks\.Git ea: /],
    [first({ image: 'gitea/gitea:{edition}' }), /^stacks\.gitea\.services\.0\.image: there is no field edition/],
    [first({ needs: ['redis'] }), /^stacks\.gitea\.services\.0\.needs\.0: there is no service redis; the stack has gitea, database/],
    [first({ port: 0 }), /^stacks\.gitea\.front: the service gitea has no port/],
    [first({ name: 'database' }), /^stacks\.gitea\.services\.1\.name: there are two services database/],
    [first({ container: { memoryMiB: 'much', cpus: 1 } }), /^stacks\.gitea\.services\.0\.container\.memoryMiB: /],
    [first({ after: [step('create_network')] }), /^stacks\.gitea\.services\.0\.after\.0\.id: /],
    [first({ after: [step('run_migrations'), step('run_migrations')] }), /^stacks\.gitea\.services\.0\.after\.1\.id: the step run_migrations occurs twice/],
    [first({ after: [step('init_database')] }), /^stacks\.gitea\.services\.0\.after\.0\.params\.database: is shown by the step/],
    [first({ after: [step('load_rules', { run: { in: 'exec', service: 'web', command: ['true'] } })] }), /run\.service: there is no service web/],
    [changed(stack => { stack['front'] = 'web' }), /^stacks\.gitea\.front: there is no service web/],
    [changed(stack => { stack['config'] = { version: { default: '1', pattern: '(' } } }), /^stacks\.gitea\.config\.version\.pattern: must be a regular expression/],
    [changed(stack => { stack['config'] = { version: { default: '1', pattern: String.raw`\d\.\d` } } }), /^stacks\.gitea\.config\.version\.default: does not fit/],
    [changed(({ services: [, database] }) => Object.assign(database ?? {}, { needs: ['gitea'] })), /^stacks\.gitea\.services: services need each other/],
  ])('is refused with the place and what is wrong there: %j', (given, sentence) => {
    expect(() => readCatalogueFile(catalogue, given)).toThrow(sentence)
  })
})
