#!/usr/bin/env node
/** `neo logs`: shows a deployment's log in a terminal, and follows it. */

import { parseArgs } from 'node:util'
import { createRest, followLog, stripControls, type DeploymentPath } from '../src/index.ts'
import { formatLine, isWorthSaying, parseSince, toTerminalText, UsageError } from './logs.ts'

const usage = `neo logs <deployment> [-f] [--since 10m|2h|2026-01-05T12:00:00Z] [--grep words] [--json]
  -f, --follow    goes on as the log grows, through cut connections, until the deployment has ended
  --since         lines from this time on, or from so long ago
  --grep          only lines with these words, upper or lower case
  --json          one JSON object a line
  --url, --tenant, --key   or NEO_URL, NEO_TENANT and NEO_API_KEY`

const options = {
  follow: { type: 'boolean', short: 'f' }, since: { type: 'string' }, grep: { type: 'string' }, json: { type: 'boolean' }, url: { type: 'string' }, tenant: { type: 'string' }, key: { type: 'string' },
} as const

interface Asked extends DeploymentPath { baseUrl: string, apiKey: string, since?: string | undefined, grep?: string | undefined, isJson: boolean, isFollowing: boolean }

function readAsked(): Asked {
  const { values, positionals: [command, deploymentId, ...more] } = parseArgs({ options, allowPositionals: true })
  if (command !== 'logs' || deploymentId === undefined || more.length > 0) throw new UsageError('says which deployment')
  const env = process.env
  const apiKey = values.key ?? env['NEO_API_KEY']
  if (apiKey === undefined) throw new UsageError('needs --key or NEO_API_KEY')
  return {
    deploymentId, apiKey, tenantId: values.tenant ?? env['NEO_TENANT'] ?? 'acme', baseUrl: values.url ?? env['NEO_URL'] ?? 'http://127.0.0.1:8080', grep: values.grep,
    since: values.since === undefined ? undefined : parseSince(values.since, Date.now()), isJson: values.json ?? false, isFollowing: values.follow ?? false,
  }
}

/** Pages are asked for one after the other; the service filters. */
async function* readLines({ tenantId, deploymentId, baseUrl, apiKey, since, grep }: Asked): ReturnType<typeof followLog> {
  const rest = createRest({ baseUrl, getAccessToken: () => apiKey })
  const limit = 5000
  for (let after = 0; ;) {
    const { lines } = await rest.logs.page({ tenantId, deploymentId }, { after, limit, ...since !== undefined && { since }, ...grep !== undefined && { grep } })
    yield* lines
    after = lines.at(-1)?.n ?? after
    if (lines.length < limit) return undefined
  }
}

function onRetry(error: unknown, tries: number): void {
  if (!isWorthSaying(tries)) return
  const { message, cause } = error as Error
  process.stderr.write(`neo: ${tries} tries in vain, goes on trying: ${[message, (cause as Error | undefined)?.message].filter(Boolean).join(': ')}\n`)
}

async function run(): Promise<number> {
  const asked = readAsked()
  const { baseUrl, apiKey, grep, since, isJson, isFollowing, ...of } = asked
  const lines = isFollowing ? followLog({ ...of, baseUrl, onRetry, getAccessToken: () => apiKey, ...since === undefined ? { after: 0 } : { since } }) : readLines(asked)
  const words = grep?.toLowerCase()
  for (let next = await lines.next(); ; next = await lines.next()) {
    if (next.done) return next.value === 'failed' || next.value === 'cancelled' ? 1 : 0
    const line = next.value
    if (words !== undefined && !stripControls(line.text).toLowerCase().includes(words)) continue
    const text = isJson ? JSON.stringify(line) : formatLine(line)
    process.stdout.write(`${process.stdout.isTTY ? toTerminalText(text) : text}\n`)
  }
}

try {
  process.exitCode = await run()
} catch (error) {
  const isUsage = error instanceof UsageError || (error instanceof TypeError && 'code' in error)
  process.stderr.write(`neo: ${String((error as Error).message)}\n${isUsage ? `${usage}\n` : ''}`)
  process.exitCode = isUsage ? 2 : 3
}
