/** The reference pages as text, made of the tables the code itself works with. Pure. */

export interface SettingRow { name: string, default: string | number | boolean | null | undefined, doc: string }
export interface MetricRow { name: string, type: string, help: string, labels: readonly string[] }
export interface ErrorRow { status: number, detail: string }
export interface ChannelRow { pattern: string, kept: string, doc: string }
export interface EventRow { type: string, families: readonly string[], doc: string, fields: JsonSchema }
export interface RouteRow { method: string, path: string, summary: string, answers: string[] }

/** The part of a JSON schema the pages show. */
export interface JsonSchema {
  type?: string | string[]
  properties?: Record<string, JsonSchema>
  required?: string[]
  items?: JsonSchema
  enum?: unknown[]
  const?: unknown
  anyOf?: JsonSchema[]
  format?: string
  description?: string
}

const note = 'Generated from the code by `npm run check -- --write`; `npm run check` compares it.'
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

const table = (head: string[], rows: string[][]): string => [head, head.map(() => '---'), ...rows]
  .map(row => `| ${row.map(cell).join(' | ')} |`).join('\n')

const page = (title: string, intro: string, ...parts: string[]): string =>
  `${[`# ${title}`, `${intro} ${note}`, ...parts].join('\n\n')}\n`

/** Codes of Centrifugo's client protocol by name, as both columns answer them, and why deployments fail. */
export interface ErrorTables {
  replies: Readonly<Record<string, { code: number, message: string, temporary: boolean }>>
  disconnects: Readonly<Record<string, { code: number, reason: string }>>
  unsubscribes: Readonly<Record<string, { code: number, reason: string }>>
  /** Whether clients stay away after this close code. */
  isTerminal: (code: number) => boolean
  /** Sentences in Portuguese, which portals translate by the key. */
  deployments: Readonly<Record<string, string>>
}

/** From this code on clients subscribe again. */
const RESUBSCRIBED = 2500

const renderErrorTables = ({ replies, disconnects, unsubscribes, isTerminal, deployments }: ErrorTables): string[] => [
  `## Replies over the socket\n\nThe connection lives on. \`@neo-stack/client\` subscribes again after each of them but 102, as long as the service gives it a new token.\n\n${
    table(['code', 'message', 'official clients'], Object.values(replies).map(({ code, message, temporary }) => [String(code), message, temporary || code === replies['tokenExpired']?.code ? 'try again' : 'give up']))}`,
  `## Ends of a connection\n\nClose codes of the WebSocket, \`disconnect\` pushes elsewhere. \`@neo-stack/client\` comes back with a new token after 3500 and 3502 as well.\n\n${
    table(['code', 'reason', 'official clients'], Object.values(disconnects).map(({ code, reason }) => [String(code), reason, isTerminal(code) ? 'stay away' : 'come back']))}`,
  `## Ends of a subscription\n\n${
    table(['code', 'reason', 'official clients'], Object.values(unsubscribes).map(({ code, reason }) => [String(code), reason, code < RESUBSCRIBED ? 'stay away' : 'subscribe again']))}`,
  `## Reasons of a failed deployment\n\n\`messageKey\` of \`deployment_error\`; portals translate it.\n\n${
    table(['key', 'sentence'], Object.entries(deployments).map(([key, sentence]) => [`\`${key}\``, sentence]))}`,
]

export const renderErrors = (codes: Record<string, ErrorRow>, tables?: ErrorTables): string => page(
  'Error codes',
  'Every error is `application/problem+json` (RFC 9457) with a stable `code`; translate by `code`, `detail` is English.',
  table(['code', 'status', 'detail'], Object.entries(codes).map(([code, { status, detail }]) => [`\`${code}\``, String(status), detail])),
  ...tables ? renderErrorTables(tables) : [],
)

const showDefault = (value: SettingRow['default']): string => value === undefined || value === null || value === '' ? '–' : `\`${value}\``

export const renderSettings = (services: Record<string, readonly SettingRow[]>): string => page(
  'Settings',
  'Every setting is an environment variable, read once when the process starts.',
  ...Object.entries(services).map(([service, rows]) =>
    `## ${service}\n\n${table(['name', 'default', 'what it does'], rows.map(row => [`\`${row.name}\``, showDefault(row.default), row.doc]))}`),
)

export const renderMetrics = (rows: readonly MetricRow[]): string => page(
  'Metrics',
  '`GET /metrics` answers loopback, or the bearer in `METRICS_TOKEN`, in the Prometheus text format. `GET /metrics/tenants` answers the same, with `NEO_TENANT_METRICS=1` by `tenant_events_published{tenant}`, events accepted since the start, of the 100 busiest tenants by name and of all others as `other`; without it the page is empty.',
  table(['name', 'type', 'labels', 'what it says'], rows.map(row =>
    [`\`${row.name}\``, row.type, row.labels.map(label => `\`${label}\``).join(' ') || '–', row.help])),
)

/** One JSON schema in a few words: `string (uuid)`, `"a" or "b"`, `list of string`. */
export const typeWords = (schema: JsonSchema): string => {
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map(value => JSON.stringify(value)).join(' or ')
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeWords))].join(' or ')
  if (schema.type === 'array') return `list of ${typeWords(schema.items ?? {})}`
  const type = [schema.type ?? 'any value'].flat().join(' or ')
  return schema.format ? `${type} (${schema.format})` : type
}

const eventPart = (event: EventRow): string => {
  const required = new Set(event.fields.required ?? [])
  const fields = Object.entries(event.fields.properties ?? {}).map(([name, schema]) =>
    [`\`${name}\``, required.has(name) ? 'yes' : '–', typeWords(schema), schema.description ?? ''])
  const carried = event.families.map(family => `\`${family}\``).join(', ')
  return `### ${event.type}\n\n${event.doc}. Carried by ${carried}.\n\n${table(['field', 'required', 'type', ''], fields)}`
}

export const renderEvents = (channels: Record<string, ChannelRow>, events: readonly EventRow[]): string => page(
  'Channels and events',
  'What may be said and where. `{t}` is a tenant, `{d}` a deployment, `{u}` a user.',
  '## Channels',
  table(['family', 'channel', 'kept', 'what it carries', 'events'], Object.entries(channels).map(([family, row]) => [
    family, `\`${row.pattern}\``, row.kept, row.doc,
    events.filter(event => event.families.includes(family)).map(event => `\`${event.type}\``).join(' ') || '–',
  ])),
  '## Events',
  ...events.map(eventPart),
)

export const renderRoutes = (routes: readonly RouteRow[]): string => page(
  'HTTP API',
  'Every route; shapes stand in `/openapi.json` and, browsable, at `/docs`.',
  table(['method', 'path', 'what it does', 'answers'], routes.map(route =>
    [route.method, `\`${route.path}\``, route.summary, route.answers.join(' ')])),
)
