import { describe, expect, it } from 'vitest'
import { alertPlaces } from '../src/alert-places.ts'

const alert = { time: '2026-01-05T12:00:40.500Z', metric: 'cpu' }
const second = (time: string): string => String(Date.parse(time) / 1000)

describe('an alert leads', () => {
  it('to ten minutes around all of it on its chart, and to what was deployed within ten minutes of its beginning', () => {
    expect(alertPlaces({ ...alert, resolvedAt: '2026-01-05T14:00:00.000Z', tenantId: 'globex' }, { isOperators: false })).toEqual({
      chart: { path: '/metrics', query: { from: second('2026-01-05T11:50:40Z'), to: second('2026-01-05T14:10:00Z'), figure: 'cpu' } },
      deployments: { path: '/history', query: { q: 'type:deployment* after:2026-01-05T11:50:40 before:2026-01-05T12:10:40' } },
    })
  })

  it('to no figure when it is about none', () => {
    expect(alertPlaces({ time: alert.time }, { isOperators: false }).chart.query).toEqual({ from: second('2026-01-05T11:50:40Z'), to: second('2026-01-05T12:10:40Z') })
  })

  it('operators to the host\'s chart, and of a tenant\'s alert to that tenant', () => {
    const span = { from: '2026-01-05T11:50:40.000Z', to: '2026-01-05T12:10:40.000Z' }
    expect(alertPlaces(alert, { isOperators: true })).toMatchObject({ chart: { path: '/metrics' }, deployments: { path: '/deployments', query: span } })
    expect(alertPlaces({ ...alert, tenantId: 'acme' }, { isOperators: true })).toEqual({
      chart: { path: '/tenants/acme', query: {} }, deployments: { path: '/deployments', query: { ...span, tenant: 'acme' } },
    })
  })
})
