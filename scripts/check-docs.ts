/**
 * docs/reference says what the code says: every setting, error code, event type, metric and route stands there and nothing else.
 * The pages are made of the tables the code works with; without --write they are compared.
 * Usage: node scripts/check-docs.ts --write | --check
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { toJSONSchema } from 'zod'
import { keepPages } from './pages.ts'
import { renderErrors, renderEvents, renderMetrics, renderRoutes, renderSettings } from './reference.ts'
import type { ChannelRow, ErrorRow, ErrorTables, JsonSchema, MetricRow, RouteRow, SettingRow } from './reference.ts'
import { readWorkspaces, repository } from './workspace.ts'
import type { Workspace } from './workspace.ts'

type Door = Record<string, unknown>

const problems: string[] = []

/** A package's door; undefined only while the package has none. A door that does not load is a failure. */
const openDoor = async (folder: string): Promise<Door | undefined> => {
  const door = path.join(repository, folder, 'src/index.ts')
  if (!existsSync(door)) {
    problems.push(`${folder}: has no src/index.ts to take its reference from`)
    return undefined
  }
  return await import(pathToFileURL(door).href) as Door
}

const take = <T>(door: Door | undefined, folder: string, name: string): T | undefined => {
  if (door && !(name in door)) problems.push(`${folder}/src/index.ts: must export ${name}`)
  return door?.[name] as T | undefined
}

interface DeclaredEvent { type: string, families: readonly string[], doc: string, data: Parameters<typeof toJSONSchema>[0] }

const errorTables = async (): Promise<ErrorTables> => {
  const [engine, deployer] = [await openDoor('packages/engine'), await openDoor('services/stack-deployer')]
  return {
    replies: take<ErrorTables['replies']>(engine, 'packages/engine', 'ERRORS') ?? {},
    disconnects: take<ErrorTables['disconnects']>(engine, 'packages/engine', 'DISCONNECTS') ?? {},
    unsubscribes: take<ErrorTables['unsubscribes']>(engine, 'packages/engine', 'UNSUBSCRIBES') ?? {},
    isTerminal: take<ErrorTables['isTerminal']>(engine, 'packages/engine', 'isTerminal') ?? (() => false),
    deployments: take<ErrorTables['deployments']>(deployer, 'services/stack-deployer', 'deploymentReasons') ?? {},
  }
}

const eventPages = async (): Promise<[string, string][]> => {
  const folder = 'packages/events'
  const door = await openDoor(folder)
  const codes = take<Record<string, ErrorRow>>(door, folder, 'errorCodes') ?? {}
  const channels = take<Record<string, ChannelRow>>(door, folder, 'channelFamilies') ?? {}
  const events = take<Record<string, DeclaredEvent>>(door, folder, 'eventTypes') ?? {}
  const rows = Object.values(events).map(({ type, families, doc, data }) =>
    ({ type, families, doc, fields: toJSONSchema(data, { io: 'input', unrepresentable: 'any' }) as JsonSchema }))
  return [['errors.md', renderErrors(codes, await errorTables())], ['events.md', renderEvents(channels, rows)]]
}

const services = ['services/event-service', 'services/stack-deployer', 'services/platform']

/** Names of ours that a service's code mentions: each must be in a settings table. */
const mentionedSettings = (workspaces: Workspace[]): string[] => {
  const text = workspaces.filter(({ folder }) => folder.startsWith('services/'))
    .flatMap(({ files }) => files.filter(file => file.path.startsWith('src/')).map(file => file.text)).join('\n')
  return [...new Set(text.match(/\bNEO_(?!STACK\b)[A-Z][A-Z_]*[A-Z]\b/g))]
}

/** A service's settings stand as one table in its settings.ts (or config.ts): name → default and sentence. */
const settingsOf = async (folder: string): Promise<SettingRow[] | undefined> => {
  const file = ['settings.ts', 'config.ts'].map(name => path.join(repository, folder, 'src', name)).find(name => existsSync(name))
  if (!file) return undefined
  const { settings } = await import(pathToFileURL(file).href) as { settings?: Record<string, Omit<SettingRow, 'name'>> }
  if (!settings) problems.push(`${path.relative(repository, file)}: must export a table 'settings'`)
  return Object.entries(settings ?? {}).map(([name, row]) => ({ name, ...row }))
}

const settingPages = async (): Promise<[string, string][]> => {
  const tables: Record<string, readonly SettingRow[]> = {}
  for (const folder of services) {
    const rows = await settingsOf(folder)
    if (rows) tables[path.basename(folder)] = rows
  }
  const known = new Set(Object.values(tables).flat().map(row => row.name))
  for (const name of mentionedSettings(readWorkspaces())) {
    if (!known.has(name)) problems.push(`services: ${name} is used and stands in no settings table`)
  }
  return [['settings.md', renderSettings(tables)]]
}

const metricPages = async (): Promise<[string, string][]> => {
  const folder = 'services/event-service'
  return [['metrics.md', renderMetrics(take<MetricRow[]>(await openDoor(folder), folder, 'metricsReference') ?? [])]]
}

interface Operation { summary?: string, responses?: Record<string, unknown> }
interface Service { app: { inject: (url: string) => Promise<{ json: () => { paths?: Record<string, Record<string, Operation>> } }> }, close: () => Promise<void> }
interface ServiceDoor { openPglite: () => Promise<{ close: () => Promise<void> }>, createEventService: (options: object) => Promise<Service> }

/** Delivers to nobody: the routes are described, not used. */
const silent = {
  deliver: () => Promise.resolve(),
  disconnect: () => Promise.resolve(),
  stats: () => ({ connections: 0, users: 0, channels: 0, subscriptions: 0 }),
  close: () => Promise.resolve(),
}

/** Routes as the built application describes them, over an empty database in memory. */
const describeRoutes = async ({ openPglite, createEventService }: ServiceDoor): Promise<Record<string, Record<string, Operation>>> => {
  const database = await openPglite()
  const service = await createEventService({ database, realtime: silent })
  try {
    return (await service.app.inject('/openapi.json')).json().paths ?? {}
  } finally {
    await service.close()
    await database.close()
  }
}

const toRow = (method: string, route: string, operation: Operation): RouteRow => {
  if (!operation.summary) problems.push(`services/event-service: ${method.toUpperCase()} ${route} has no summary`)
  return { method: method.toUpperCase(), path: route, summary: operation.summary ?? '', answers: Object.keys(operation.responses ?? {}) }
}

const routePages = async (): Promise<[string, string][]> => {
  const door = await openDoor('services/event-service')
  if (!door) return []
  const paths = await describeRoutes(door as unknown as ServiceDoor)
  if (Object.keys(paths).length === 0) problems.push('services/event-service: describes no route (OpenAPI has no paths)')
  const routes = Object.entries(paths).flatMap(([route, operations]) =>
    Object.entries(operations).map(([method, operation]) => toRow(method, route, operation)))
  return [['http.md', renderRoutes(routes)]]
}

const pages = new Map([...await eventPages(), ...await settingPages(), ...await metricPages(), ...await routePages()])
keepPages('docs/reference', pages, { owned: () => true })
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1
