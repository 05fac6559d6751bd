/** Writes the letter about what a user has not seen yet, as text and as HTML. Pure: what it says follows from what it is given. */

import { formatMoney, type BillingStatus } from '@neo-stack/events'
import type { Letter } from '../../outbound/mailer.ts'
import { words, type Language } from './words.ts'

/** A notification as a letter tells it. */
export interface Unseen {
  type: string
  status: BillingStatus
  message: string
  amountMinor?: number
  currency?: string
  time: Date
  data: Readonly<Record<string, unknown>>
}

/** What a letter is written from. */
export interface Occasion {
  name: string
  language: Language
  timeZone: string
  /** Newest first; some of the `count` there are. */
  notifications: readonly Unseen[]
  count: number
  /** Address of the inbox. */
  link: string
}

/** Writes it. */
export function writeLetter({ name, language, timeZone, notifications, count, link }: Occasion): Letter {
  const said = words[language]
  const times = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone })
  const lines = notifications.map(one => ({ sentence: toSentence(one, language), note: `${said.status[one.status]} · ${times.format(one.time)}` }))
  const rest = count - lines.length
  const tail = rest > 0 ? [said.more(rest)] : []
  return {
    subject: said.subject(count, lines[0]?.sentence ?? ''),
    text: [said.greeting(name), '', said.lead(count), '', ...lines.map(({ sentence, note }) => `- ${sentence} (${note})`), ...tail, '', `${said.open}: ${link}`, '', said.why, ''].join('\n'),
    html: `<!doctype html><html lang="${language}"><head><meta charset="utf-8"></head><body style="margin:0;padding:24px;background:#f4f4f5;font-family:Arial,Helvetica,sans-serif;color:#18181b">
<div style="max-width:560px;margin:0 auto;padding:24px;background:#ffffff;border-radius:8px">
<p style="margin:0 0 12px">${escape(said.greeting(name))}</p><p style="margin:0 0 16px">${escape(said.lead(count))}</p>
${lines.map(({ sentence, note }) => `<p style="margin:0 0 12px;padding-left:12px;border-left:4px solid #3b82f6"><strong>${escape(sentence)}</strong><br><span style="font-size:13px;color:#52525b">${escape(note)}</span></p>`).join('\n')}
${tail.map(line => `<p style="margin:0 0 16px">${escape(line)}</p>`).join('')}
<p style="margin:20px 0"><a href="${escape(link)}" style="display:inline-block;padding:10px 16px;background:#1d4ed8;color:#ffffff;border-radius:6px;text-decoration:none">${escape(said.open)}</a></p>
<p style="margin:0;font-size:12px;color:#52525b">${escape(said.why)}</p></div></body></html>`,
  }
}

/** Sentences of ours are said in the reader's language, those that only their author can know in the author's words. */
function toSentence({ type, status, message, data, amountMinor, currency }: Unseen, language: Language): string {
  const said = words[language]
  const amount = amountMinor !== undefined && currency !== undefined ? formatMoney(amountMinor, currency, { language }) : undefined
  if (type === 'billing_invoice' && amount !== undefined) return said.invoice[status](String(data['invoiceId']), amount)
  if (type === 'billing_plan_change' && status === 'completed') return said.plan(String(data['planName']))
  if (type === 'billing_usage_alert' && typeof data['percentage'] === 'number' && typeof data['resource'] === 'string') return toUsage(data, { language, resource: data['resource'], percentage: data['percentage'] })
  const ours = data['messageKey'] === 'payment_status' ? said.payment[status] : data['messageKey'] === 'subscription_status' ? said.subscription[status] : message
  return amount === undefined ? ours : `${ours}: ${amount}`
}

function toUsage({ state, threshold, thresholdUnit }: Unseen['data'], { language, resource, percentage }: { language: Language, resource: string, percentage: number }): string {
  const toPercent = (value: number, decimals: number): string => new Intl.NumberFormat(language, { style: 'percent', minimumFractionDigits: decimals, maximumFractionDigits: 1 }).format(value / 100)
  const now = toPercent(percentage, 1)
  if (state !== 'resolved' || typeof threshold !== 'number') return words[language].usage(now, resource)
  return words[language].usageOver(now, resource, thresholdUnit === 'absolute' ? new Intl.NumberFormat(language).format(threshold) : toPercent(threshold, 0))
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escape = (text: string): string => text.replace(/[&<>"]/g, character => entities[character] ?? '')
