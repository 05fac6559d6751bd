/** Writes replies and pushes as JSON text. Payloads are placed verbatim, zero values are left out except where PROTOCOL 6.7 names them. */
import { listOf } from './delta.ts'
import type { ErrorReply } from './errors.ts'
import type { ClientInfo, Publication } from './publication.ts'
import type { ConnectResult, Push, Reply, Result, SubscribeResult } from './reply.ts'

/** Text of a reply. */
export function replyText(reply: Reply): string {
  if ('error' in reply) return `{"id":${reply.id},"error":${errorText(reply.error)}}`
  return `{"id":${reply.id},"${reply.result.method}":${resultText(reply.result)}}`
}

/** Text of a push. */
export function pushText(push: Push): string {
  if (push.type === 'disconnect') return `{"push":{"disconnect":${JSON.stringify(push.disconnect)}}}`
  if (push.type === 'refresh') return `{"push":{"refresh":${JSON.stringify(push.expiry)}}}`
  const channel = JSON.stringify(push.channel)
  switch (push.type) {
    case 'publication':
      return `{"push":{"channel":${channel},"pub":${publicationText(push.publication, push.epoch)}}}`
    case 'join':
    case 'leave':
      return `{"push":{"channel":${channel},"${push.type}":{"info":${infoText(push.info)}}}}`
    case 'subscribe':
      return `{"push":{"channel":${channel},"subscribe":${subscribeText(push.value)}}}`
    case 'unsubscribe':
      return `{"push":{"channel":${channel},"unsubscribe":${JSON.stringify(push.unsubscribe)}}}`
  }
}

function errorText({ code, message, temporary }: ErrorReply): string {
  return object([`"code":${code}`, `"message":${JSON.stringify(message)}`, temporary && '"temporary":true'])
}

function resultText(result: Result): string {
  switch (result.method) {
    case 'connect':
      return connectText(result.value)
    case 'refresh':
    case 'sub_refresh':
      return JSON.stringify(result.value)
    case 'rpc':
      return object([result.data !== undefined && `"data":${result.data}`])
    case 'subscribe':
      return subscribeText(result.value)
    case 'unsubscribe':
    case 'publish':
      return '{}'
    case 'presence':
      return `{"presence":{${[...result.clients].map(([client, info]) => `${JSON.stringify(client)}:${infoText(info)}`).join(',')}}}`
    case 'presence_stats':
      return `{"num_clients":${result.clients},"num_users":${result.users}}`
    case 'history':
      return historyText(result)
  }
}

function historyText({ publications, epoch, offset }: Extract<Result, { method: 'history' }>): string {
  return `{"publications":${listText(publications, epoch)},"epoch":${JSON.stringify(epoch)},"offset":${offset}}`
}

function connectText({ client, version, expires, ttl, data, subs, ping, pong, session, node, time }: ConnectResult): string {
  const texts = subs ? [...subs].map(([channel, result]) => `${JSON.stringify(channel)}:${subscribeText(result)}`) : []
  return object([
    `"client":"${client}","version":${JSON.stringify(version)}`,
    expires !== undefined && `"expires":${expires}`,
    ttl !== undefined && `"ttl":${ttl}`,
    ping !== undefined && `"ping":${ping}`,
    pong !== undefined && `"pong":${pong}`,
    session !== undefined && `"session":"${session}","node":"${node}"`,
    time !== undefined && `"time":${time}`,
    data !== undefined && `"data":${data}`,
    texts.length > 0 && `"subs":{${texts.join(',')}}`,
  ])
}

/** Zero values are left out: an offset of 0, an empty list, `recovered` that is false. */
function subscribeText(result: SubscribeResult): string {
  const { epoch = '' } = result
  const publications = listOf(result)
  return object([
    result.expires && '"expires":true',
    result.ttl && `"ttl":${result.ttl}`,
    result.recoverable && '"recoverable":true',
    epoch && `"epoch":${JSON.stringify(epoch)}`,
    publications.length > 0 && `"publications":${listText(publications, epoch)}`,
    result.recovered && '"recovered":true',
    result.offset && `"offset":${result.offset}`,
    result.positioned && '"positioned":true',
    result.data !== undefined && `"data":${result.data}`,
    result.wasRecovering && '"was_recovering":true',
    result.delta && '"delta":true',
  ])
}

/** What many clients recover, or read again and again, is written once. A publication is never changed and belongs to one stream. */
const written = new WeakMap<Publication, string>()

function listText(publications: readonly Publication[], epoch: string): string {
  let list = ''
  for (const publication of publications) {
    let text = written.get(publication)
    if (text === undefined) written.set(publication, text = publicationText(publication, epoch))
    list = list === '' ? text : `${list},${text}`
  }
  return `[${list}]`
}

/** The first publication of a stream carries the epoch, but not among deltas (PROTOCOL 6.8), whose data is a string (1.13). */
export function publicationText(publication: Publication, epoch: string): string {
  const { data, info, offset, tags, version, delta } = publication
  return object([
    `"data":${delta === undefined ? data : JSON.stringify(data)}`,
    info && `"info":${infoText(info)}`,
    offset && `"offset":${offset}`,
    tags && `"tags":${JSON.stringify(tags)}`,
    delta && '"delta":true',
    offset === 1 && epoch && delta === undefined && `"epoch":${JSON.stringify(epoch)}`,
    version && `"version":${version}`,
  ])
}

/** Text of a client. */
export function infoText(info: ClientInfo): string {
  return object([
    `"user":${JSON.stringify(info.user)}`,
    `"client":${JSON.stringify(info.client)}`,
    info.connInfo && `"conn_info":${info.connInfo}`,
    info.chanInfo && `"chan_info":${info.chanInfo}`,
  ])
}

function object(members: readonly (string | number | false | undefined)[]): string {
  let text = ''
  for (const member of members) if (member) text = text === '' ? String(member) : `${text},${member}`
  return `{${text}}`
}
