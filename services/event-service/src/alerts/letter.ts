/** Writes the letter about alerts, as text and as HTML. Pure. */

import { alertRuleSchema, type ToldAlert } from '@neo-stack/events'
import type { Letter } from '../outbound/mailer.ts'

/** What a letter is written from. */
export interface AlertOccasion {
  language: 'pt-BR' | 'es' | 'en'
  alerts: readonly ToldAlert[]
  linksOf: (alert: ToldAlert) => AlertAddresses
}

/** Where an alert leads in the portal. */
export interface AlertAddresses {
  /** Its range on the chart; the tenant, where operators are told of a tenant's alert: their charts do not show it. */
  url: string
  /** Deployments up to ten minutes before and after it. */
  deploymentsUrl: string
}

interface Words {
  more: (count: number) => string
  change: Readonly<Record<ToldAlert['change'], string>>
  severity: Readonly<Record<ToldAlert['severity'], string>>
  chart: string
  tenant: string
  deployments: string
  runbook: string
  why: string
}

const words: Readonly<Record<AlertOccasion['language'], Words>> = {
  'pt-BR': {
    more: count => ` (e mais ${count})`, change: { fired: 'Disparou', repeated: 'Continua', flapping: 'Oscila', resolved: 'Resolvido' },
    severity: { info: 'informação', warning: 'aviso', critical: 'crítico' }, chart: 'Ver no gráfico', tenant: 'Ver o cliente', deployments: 'Deployments ± 10 min', runbook: 'O que fazer',
    why: 'Você recebe este e-mail porque um canal de alertas tem o seu endereço; quem administra os alertas pode retirá-lo.',
  },
  'es': {
    more: count => ` (y ${count} más)`, change: { fired: 'Se disparó', repeated: 'Continúa', flapping: 'Oscila', resolved: 'Resuelta' },
    severity: { info: 'información', warning: 'aviso', critical: 'crítica' }, chart: 'Ver en el gráfico', tenant: 'Ver el cliente', deployments: 'Despliegues ± 10 min', runbook: 'Qué hacer',
    why: 'Recibe este correo porque un canal de alertas tiene su dirección; quien administra las alertas puede quitarlo.',
  },
  'en': {
    more: count => ` (and ${count} more)`, change: { fired: 'Fired', repeated: 'Still firing', flapping: 'Flapping', resolved: 'Resolved' },
    severity: { info: 'information', warning: 'warning', critical: 'critical' }, chart: 'See the chart', tenant: 'See the tenant', deployments: 'Deployments ± 10 min', runbook: 'What to do',
    why: 'You get this e-mail because a channel of alerts has your address; whoever manages the alerts can take it away.',
  },
}

/** Writes it. */
export function writeAlertLetter({ language, alerts, linksOf }: AlertOccasion): Letter {
  const said = words[language]
  const times = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' })
  const lines = alerts.map(alert => ({
    head: `${said.change[alert.change]} · ${said.severity[alert.severity]}`, message: alert.message, time: `${times.format(new Date(alert.time))} UTC`, links: toLinks(said, alert, linksOf(alert)),
  }))
  const [first] = lines
  return {
    subject: `${first ? `${first.head}: ${first.message}`.slice(0, 150) : ''}${lines.length > 1 ? said.more(lines.length - 1) : ''}`,
    text: [...lines.flatMap(line => [`${line.head} – ${line.message}`, line.time, ...line.links.map(({ name, url }) => `${name}: ${url}`), '']), said.why, ''].join('\n'),
    html: `<!doctype html><html lang="${language}"><head><meta charset="utf-8"></head><body style="margin:0;padding:24px;font-family:Arial,Helvetica,sans-serif;color:#18181b">
${lines.map(line => `<p style="margin:0 0 16px;padding-left:12px;border-left:4px solid #b91c1c"><strong>${escape(line.head)}</strong><br>${escape(line.message)}<br><span style="font-size:13px;color:#52525b">${escape(line.time)}</span><br>${line.links.map(({ name, url }) => `<a href="${escape(url)}">${escape(name)}</a>`).join(' · ')}</p>`).join('\n')}
<p style="margin:0;font-size:12px;color:#52525b">${escape(said.why)}</p></body></html>`,
  }
}

function toLinks(said: Words, alert: ToldAlert, { url, deploymentsUrl }: AlertAddresses): { name: string, url: string }[] {
  const runbook = alertRuleSchema.shape.runbook.safeParse(alert.runbook).data
  return [
    { name: alert.tenantId === undefined ? said.chart : said.tenant, url }, { name: said.deployments, url: deploymentsUrl },
    ...runbook === undefined ? [] : [{ name: said.runbook, url: runbook }],
  ]
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escape = (text: string): string => text.replace(/[&<>"]/g, character => entities[character] ?? '')
