/**
 * Sessions against a model: whatever clients, application and time do, in whatever order, every client is told exactly what the model
 * says, and the gauges are the model's. `NEO_ENGINE_MODEL_COMMANDS` sets how many commands are run (default 5,000).
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createWorld } from './kit-world.ts'
import type { World } from './kit-world.ts'

const COMMANDS = Number(process.env.NEO_ENGINE_MODEL_COMMANDS ?? 5_000)
const LIMIT = 3
const CHANNELS = ['open:1', 'open:2', 'kept:1', 'seen:1', 'shut:1', 'none:1'] as const
/** Three clients of two users, so that calls about a user meet none, one or two connections. */
const USERS = ['a', 'a', 'b'] as const

type Channel = (typeof CHANNELS)[number]

interface Client {
  status: 'gone' | 'new' | 'refused' | 'connected'
  readonly subscriptions: Map<Channel, 'live' | 'pending'>
  /** What the client is still to be told. */
  told: string[]
}

interface Model {
  readonly clients: readonly Client[]
  /** Connected clients in the order they came. */
  readonly connected: number[]
  readonly blocked: Set<string>
  published: number
  sent: number
}

const createModel = (): Model => ({
  clients: USERS.map(() => ({ status: 'gone', subscriptions: new Map(), told: [] })), connected: [], blocked: new Set(), published: 0, sent: 0,
})

const tell = (model: Model, at: number, ...messages: string[]): void => { model.clients[at]?.told.push(...messages) }

function announce(model: Model, type: 'join' | 'leave', { channel, of }: { channel: Channel, of: number }): void {
  if (channel !== 'seen:1') return
  for (const [at, { subscriptions }] of model.clients.entries()) {
    if (subscriptions.get(channel) === 'live') tell(model, at, `${type} ${channel} ${of}`)
  }
}

function leave(model: Model, at: number, channel: Channel): void {
  const client = model.clients[at]
  if (client?.subscriptions.delete(channel)) announce(model, 'leave', { channel, of: at })
}

function close(model: Model, at: number, code: number | undefined): void {
  const client = model.clients[at]
  if (!client) return
  client.status = 'gone'
  for (const channel of [...client.subscriptions.keys()]) leave(model, at, channel)
  if (code !== undefined) client.told.push(`closed ${code}`)
  const index = model.connected.indexOf(at)
  if (index >= 0) model.connected.splice(index, 1)
}

const ofUser = (model: Model, user: string): number[] => model.connected.filter(at => USERS[at] === user)

function publish(model: Model, channel: Channel): void {
  model.published++
  for (const [at, { subscriptions }] of model.clients.entries()) if (subscriptions.has(channel)) tell(model, at, `pub ${channel} ${model.published}`)
}

/** Something that happens: what the model makes of it, then the same to the engine. */
interface Step {
  readonly name: string
  readonly isPossible: (model: Model) => boolean
  readonly inModel: (model: Model) => void
  readonly inWorld: (world: World, model: Model) => void
}

const channel = fc.constantFrom(...CHANNELS)
const who = fc.nat(USERS.length - 1)
const user = fc.constantFrom('a', 'b')
const published = fc.constantFrom('open:1', 'kept:1', 'seen:1') satisfies fc.Arbitrary<Channel>

const isThere = (at: number) => (model: Model): boolean => model.clients[at]?.status !== 'gone'

/** A command with what a connected session answers; `reply` tells the model what happens and returns the reply. */
function command(at: number, body: object, reply: (model: Model, client: Client) => string | number | undefined): Step {
  const name = Object.keys(body)[0] ?? ''
  return {
    name: `${at} ${JSON.stringify(body)}`,
    isPossible: isThere(at),
    inModel(model) {
      const client = model.clients[at]
      if (!client || client.status === 'refused') return
      if (client.status === 'new' && name !== 'connect') return close(model, at, 3501)
      const answer = reply(model, client)
      if (typeof answer === 'number' && answer >= 3_000) close(model, at, answer)
      else if (answer !== undefined) client.told.push(typeof answer === 'number' ? `error ${answer}` : answer)
      if (name === 'subscribe' && answer === 'subscribe') announce(model, 'join', { channel: (body as { subscribe: { channel: Channel } }).subscribe.channel, of: at })
    },
    inWorld(world, model) {
      const text = JSON.stringify(body).replace('"$n"', String(model.published))
      world.send(at, text.replace('{', name === 'send' ? '{' : '{"id":7,').replace(',}', '}'))
    },
  }
}

const token = (at: number, claims: object = {}): string => JSON.stringify({ sub: USERS[at], ...claims })

function subscribed({ subscriptions }: Client, to: Channel): string | number {
  if (subscriptions.has(to)) return 105
  if (subscriptions.size >= LIMIT) return 106
  if (to === 'none:1') return 102
  if (to === 'shut:1') return 103
  subscriptions.set(to, 'live')
  return 'subscribe'
}

function feature(to: Channel, having: Channel, name: string): string | number {
  return to === 'none:1' ? 102 : to === having ? name : 108
}

function connect(at: number): fc.Arbitrary<Step> {
  return fc.constantFrom('good', 'good', 'good', 'good', 'none', 'expired', 'invalid').map(kind => {
    const given = kind === 'none' ? '' : kind === 'invalid' ? 'invalid' : kind === 'expired' ? 'expired' : token(at)
    return command(at, { connect: { token: given } }, (model, client) => {
      if (client.status === 'connected' || kind === 'none') return 3501
      if (kind === 'invalid') return 3500
      if (kind === 'expired') {
        client.status = 'refused'
        return 109
      }
      if (model.blocked.has(USERS[at] ?? '')) return 3507
      client.status = 'connected'
      model.connected.push(at)
      return 'connect'
    })
  })
}

const clientSteps = who.chain(at => fc.oneof(
  { weight: 3, arbitrary: connect(at) },
  { weight: 8, arbitrary: channel.map(to => command(at, { subscribe: { channel: to } }, (_, client) => subscribed(client, to))) },
  { weight: 5, arbitrary: channel.map(to => command(at, { unsubscribe: { channel: to } }, (model, client) => {
    client.told.push('unsubscribe')
    leave(model, at, to)
    return undefined
  })) },
  { weight: 5, arbitrary: fc.oneof(published, channel).map(to => command(at, { publish: { channel: to, data: '$n' } }, model => {
    if (to === 'none:1' || to === 'shut:1') return to === 'none:1' ? 102 : 103
    publish(model, to)
    return 'publish'
  })) },
  { weight: 1, arbitrary: channel.map(to => command(at, { presence: { channel: to } }, () => feature(to, 'seen:1', 'presence'))) },
  { weight: 1, arbitrary: channel.map(to => command(at, { presence_stats: { channel: to } }, () => feature(to, 'seen:1', 'presence_stats'))) },
  { weight: 1, arbitrary: channel.map(to => command(at, { history: { channel: to } }, () => feature(to, 'kept:1', 'history'))) },
  { weight: 1, arbitrary: fc.constantFrom('known', 'unknown').map(method => command(at, { rpc: { method } }, () => (method === 'known' ? 'rpc' : 104))) },
  { weight: 1, arbitrary: fc.constant(command(at, { send: { data: 1 } }, model => {
    model.sent++
    return undefined
  })) },
  { weight: 1, arbitrary: fc.constantFrom('own', 'foreign', 'expired').map(kind => {
    const given = kind === 'own' ? token(at) : kind === 'foreign' ? token(at, { sub: 'z' }) : 'expired'
    return command(at, { refresh: { token: given } }, () => ({ own: 'refresh', foreign: 3500, expired: 3005 } as const)[kind as 'own'])
  }) },
  { weight: 1, arbitrary: channel.map(to => command(at, { sub_refresh: { channel: to } }, () => (to === 'none:1' ? 102 : 107))) },
  { weight: 1, arbitrary: fc.constantFrom({ ping: {} }, { nonsense: {} }).map(body => command(at, body, () => 3501)) },
))

function serverSubscribe(model: Model, subject: string, to: Channel): void {
  const pending: number[] = []
  for (const at of ofUser(model, subject)) {
    const client = model.clients[at]
    if (!client) continue
    if (client.subscriptions.has(to)) client.told.push(`sub ${to}`)
    else if (client.subscriptions.size >= LIMIT) close(model, at, 3505)
    else {
      client.subscriptions.set(to, 'pending')
      pending.push(at)
    }
  }
  for (const at of pending) {
    tell(model, at, `sub ${to}`)
    model.clients[at]?.subscriptions.set(to, 'live')
    announce(model, 'join', { channel: to, of: at })
  }
}

const serverSteps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: published.map((to): Step => ({
    name: `publish ${to}`, isPossible: () => true, inModel: model => { publish(model, to) }, inWorld: (world, model) => { world.publish(to, model.published) },
  })) },
  { weight: 2, arbitrary: fc.tuple(user, fc.constantFrom<Channel>('open:1', 'open:2', 'kept:1', 'seen:1', 'shut:1')).map(([subject, to]): Step => ({
    name: `subscribe ${subject} ${to}`, isPossible: () => true,
    inModel: model => { serverSubscribe(model, subject, to) }, inWorld: world => { world.subscribe(subject, to) },
  })) },
  { weight: 2, arbitrary: fc.tuple(user, channel).map(([subject, to]): Step => ({
    name: `unsubscribe ${subject} ${to}`, isPossible: () => true,
    inModel(model) {
      for (const at of ofUser(model, subject)) {
        if (!model.clients[at]?.subscriptions.has(to)) continue
        tell(model, at, `unsub ${to} 2000`)
        leave(model, at, to)
      }
    },
    inWorld: world => { world.control.unsubscribe({ user: subject, channel: to }) },
  })) },
  { weight: 1, arbitrary: user.map((subject): Step => ({
    name: `disconnect ${subject}`, isPossible: () => true,
    inModel: model => { for (const at of ofUser(model, subject)) close(model, at, 3503) },
    inWorld: world => { world.control.disconnect({ user: subject }) },
  })) },
  { weight: 1, arbitrary: user.map((subject): Step => ({
    name: `block ${subject}`, isPossible: model => !model.blocked.has(subject),
    inModel(model) {
      model.blocked.add(subject)
      for (const at of ofUser(model, subject)) close(model, at, 3507)
    },
    inWorld: world => { world.control.blockUser(subject) },
  })) },
  { weight: 2, arbitrary: user.map((subject): Step => ({
    name: `unblock ${subject}`, isPossible: model => model.blocked.has(subject),
    inModel: model => { model.blocked.delete(subject) }, inWorld: world => { world.control.unblockUser(subject) },
  })) },
)

const worldSteps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: who.map((at): Step => ({
    name: `open ${at}`, isPossible: model => model.clients[at]?.status === 'gone',
    inModel(model) {
      const client = model.clients[at]
      if (client) client.status = 'new'
    },
    inWorld: world => { world.open(at) },
  })) },
  { weight: 2, arbitrary: who.map((at): Step => ({
    name: `drop ${at}`, isPossible: isThere(at), inModel: model => { close(model, at, undefined) }, inWorld: world => { world.drop(at) },
  })) },
  { weight: 1, arbitrary: fc.constant<Step>({
    name: 'half a minute without a pong', isPossible: () => true,
    inModel(model) {
      // Everybody goes, in no order that is promised: whoever goes later hears the others leave.
      for (const [at, client] of model.clients.entries()) {
        const { status } = client
        client.told.push(...status === 'connected' ? ['ping'] : [])
        client.subscriptions.clear()
        if (status !== 'gone') close(model, at, { new: 3502, refused: 0, connected: 3012 }[status])
      }
    },
    inWorld: world => { world.sleep(30_000) },
  }) },
)

let executed = 0

const toCommand = (step: Step): fc.AsyncCommand<Model, World> => ({
  check: step.isPossible,
  toString: () => step.name,
  async run(model, world) {
    executed++
    step.inModel(model)
    step.inWorld(world, model)
    await world.settle()
    for (const [at, client] of model.clients.entries()) {
      const heard = world.take(at)
      expect(step.name === 'half a minute without a pong' ? heard.filter(line => !line.startsWith('leave')) : heard).toEqual(client.told)
      client.told = []
    }
    const subscriptions = model.clients.flatMap(({ subscriptions }) => [...subscriptions.keys()])
    expect(world.gauges()).toEqual({
      connections: model.connected.length, users: new Set(model.connected.map(at => USERS[at])).size,
      subscriptions: subscriptions.length, channels: new Set(subscriptions).size,
      present: subscriptions.filter(name => name === 'seen:1').length, sent: model.sent,
    })
  },
})

test('whatever happens to sessions, clients are told what the model says and the gauges agree', async () => {
  const step = fc.oneof({ weight: 6, arbitrary: clientSteps }, { weight: 3, arbitrary: serverSteps }, { weight: 2, arbitrary: worldSteps })
  while (executed < COMMANDS) {
    await fc.assert(fc.asyncProperty(fc.commands([step.map(toCommand)], { maxCommands: 150, size: 'max' }), async commands => {
      const world = createWorld(USERS.length, LIMIT)
      await fc.asyncModelRun(() => ({ model: createModel(), real: world }), commands)
      await world.end()
    }), { numRuns: 20 })
  }
}, 600_000)
