import type { Deployment } from '@neo-stack/events'
import { describe, expect, it } from 'vitest'
import { filterDeployments, type DeploymentFilter } from '../app/deployment-filter.ts'

const deployment = (patch: Partial<Deployment>): Deployment => ({
  deploymentId: 'd-1', instanceId: 'vendas', instanceType: 'odoo', kind: 'create', status: 'completed', progress: 100, logLines: 0,
  createdAt: '2026-01-05T12:00:00.000Z', updatedAt: '2026-01-05T12:00:00.000Z', ...patch,
})
const all = [deployment({ deploymentId: 'd-3', status: 'queued', name: 'Produção São Paulo' }), deployment({ deploymentId: 'd-2', instanceType: 'netbox', status: 'failed' }), deployment({})]
const find = (filter: Partial<DeploymentFilter>): string[] => filterDeployments(all, { q: '', group: 'all', stack: '', ...filter }).map(({ deploymentId }) => deploymentId)

describe('filtering deployments', () => {
  it('leaves everything in its order without a filter', () => { expect(find({})).toEqual(['d-3', 'd-2', 'd-1']) })

  it.each<[Partial<DeploymentFilter>, string[]]>([
    [{ q: 'producao SAO' }, ['d-3']],
    [{ q: 'd-2' }, ['d-2']],
    [{ group: 'running' }, ['d-3']],
    [{ group: 'failed', stack: 'netbox' }, ['d-2']],
    [{ group: 'failed', stack: 'odoo' }, []],
    [{ q: 'nada' }, []],
  ])('finds %o', (filter, ids) => { expect(find(filter)).toEqual(ids) })
})
