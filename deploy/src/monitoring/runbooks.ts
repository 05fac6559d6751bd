/** A page per alert: what it means, what people feel, where to look, what to do. Pure. */

import type { Alert } from './alert.ts'
import { alerts } from './prometheus.ts'

const list = (lines: readonly string[]): string => lines.map(line => `- ${line}`).join('\n')

/** The page of one alert. */
function createRunbook({ name, expr, severity, summary, dashboard, runbook, ...alert }: Alert): string {
  return `# ${name}

${summary}

| severity | holds for | dashboard |
|---|---|---|
| ${severity} | ${alert.for} | \`${dashboard}\` |

\`\`\`promql
${expr}
\`\`\`

## What it means

${runbook.means}

## What people feel

${runbook.feels}

## Look here

${list(runbook.look)}

## Do this

${list(runbook.act)}
`
}

/** Every page by its file's name, the list of them included. */
export function createRunbooks(): Record<string, string> {
  const rows = alerts.map(({ name, severity, summary }) => `| [${name}](${name}.md) | ${severity} | ${summary} |`)
  const readme = `# Runbooks

A page per alert, generated with the rules from \`deploy/src/monitoring\` (\`npm run config:centrifugo\`). \`page\` wakes somebody, \`ticket\` waits for the morning.

| alert | severity | |
|---|---|---|
${rows.join('\n')}
`
  return { 'README.md': readme, ...Object.fromEntries(alerts.map(alert => [`${alert.name}.md`, createRunbook(alert)])) }
}
