/** Grafana's files: dashboards, and how they and Prometheus are provisioned. Pure. */

import type { Dashboard, DashboardLink, DashboardLinkType, Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { stringify } from 'yaml'
import { dashboards, type DashboardSpec, type PanelSpec } from './dashboards.ts'

/** As Grafana's own types have it, but for what they say with classes and enums of their own. */
type WrittenPanel = Omit<Panel, 'targets'> & { targets: readonly { refId: string, datasource: typeof SOURCE, expr: string, legendFormat: string, range: boolean }[] }
type WrittenDashboard = Omit<Dashboard, 'panels' | 'links'> & { panels: readonly WrittenPanel[], links: readonly (Omit<DashboardLink, 'type'> & { type: `${DashboardLinkType}` })[] }

/** Version of the dashboard schema that is written. */
const SCHEMA_VERSION = 39

const SOURCE = { type: 'prometheus', uid: 'prometheus' } as const

/** Options by kind of panel; every field that the kind's schema demands is written. */
const OPTIONS = {
  stat: {
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }, orientation: 'auto', textMode: 'auto', wideLayout: true,
    colorMode: 'value', graphMode: 'none', justifyMode: 'auto', showPercentChange: false, percentChangeColorMode: 'standard',
  },
  timeseries: { legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] }, tooltip: { mode: 'multi', sort: 'desc' } },
} as const

/** Panels in two columns of Grafana's 24. */
const WIDTH = 12
const HEIGHT = 8

function toPanel({ title, unit, type = undefined, description = undefined, queries }: PanelSpec, index: number): WrittenPanel {
  return {
    id: index + 1, title, ...description !== undefined && { description }, type: type ?? 'timeseries', datasource: SOURCE,
    gridPos: { x: (index % 2) * WIDTH, y: Math.floor(index / 2) * HEIGHT, w: WIDTH, h: HEIGHT },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options: OPTIONS[type ?? 'timeseries'],
    targets: Object.entries(queries).map(([legend, expr], at) => ({ refId: String.fromCodePoint(65 + at), datasource: SOURCE, expr, legendFormat: legend, range: true })),
  }
}

/** A dashboard as Grafana keeps it; the types are those that Grafana generates from its schema. */
function createDashboard(name: string, { title, panels }: DashboardSpec): WrittenDashboard {
  return {
    uid: `neo-${name}`, title, tags: ['neo-stack-events'], timezone: 'browser', schemaVersion: SCHEMA_VERSION, version: 1, editable: false, refresh: '30s',
    time: { from: 'now-3h', to: 'now' }, templating: { list: [] }, annotations: {},
    links: [{ title: 'Dashboards', type: 'dashboards', tags: ['neo-stack-events'], asDropdown: true, includeVars: false, keepTime: true, targetBlank: false, icon: 'external link', tooltip: '', url: '' }],
    panels: panels.map(toPanel),
  }
}

/** Every file by its name. */
export function createGrafana(): Record<string, string> {
  return {
    'provisioning/datasources/prometheus.yaml': stringify({ apiVersion: 1, datasources: [{ name: 'Prometheus', uid: SOURCE.uid, type: SOURCE.type, access: 'proxy', url: 'http://prometheus:9090', isDefault: true, jsonData: { timeInterval: '15s' } }] }),
    'provisioning/dashboards/neo-stack.yaml': stringify({ apiVersion: 1, providers: [{ name: 'NEO_STACK Events', folder: 'NEO_STACK Events', type: 'file', allowUiUpdates: false, options: { path: '/etc/grafana/dashboards' } }] }),
    ...Object.fromEntries(Object.entries(dashboards).map(([name, spec]) => [`dashboards/${name}.json`, `${JSON.stringify(createDashboard(name, spec), null, 2)}\n`])),
  }
}
