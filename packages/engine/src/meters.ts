/** What the engine counts, under Centrifugo's names. Source: PROTOCOL part 4. */
import { DURATIONS, Family, Histogram, pairs } from './instruments.ts'
import type { Series, Writable } from './instruments.ts'
import type { Method, NumberedCommand } from './command.ts'
import type { MetricsOptions } from './options.ts'
import type { TransportFacts } from './transport.ts'

/** Kinds of messages on the wire. */
export type Frame = Method | 'server_ping' | 'client_pong' | 'push_publication' | 'push_join' | 'push_leave' | 'push_subscribe' | 'push_unsubscribe'
  | 'push_refresh' | 'push_disconnect'

/** What is counted of a connection. */
interface Counted {
  readonly transport: TransportFacts
  readonly clientName: string
}

/** What is asked for when the metrics are read. */
export interface Gauges {
  readonly connections: number
  readonly users: number
  readonly subscriptions: number
  readonly channels: number
}

/** Official clients by the name they give; any other is `unregistered`, so that no client can make series. */
const CLIENTS = new Set(['js', 'go', 'dart', 'swift', 'java', 'python', 'csharp'])
const BROADCASTS = [0.000001, 0.000005, 0.00001, 0.00005, ...DURATIONS]
const RECOVERED = [0, 1, 2, 3, 5, 10, 20, 50, 100, 250, 500, 1_000, 2_000, 5_000, 10_000]

/** Name of a client as a label. */
export const clientLabel = (name: string): string => (name === '' ? 'unnamed' : CLIENTS.has(name) ? name : 'unregistered')

/** How many, and how much. */
interface Pair {
  readonly messages: Series
  readonly bytes: Series
}

/** Counters of one transport, found once per connection. */
export class TransportMeter {
  readonly #meters: Meters
  readonly #name: TransportFacts['name']
  readonly #sent = new Map<Frame, Pair>()
  readonly #received = new Map<Frame, Pair>()
  // A fan-out sends the same kind of message to one connection after the other: the last series is nearly always the next one.
  #frame: Frame | undefined
  #series: Pair | undefined

  constructor(meters: Meters, name: TransportFacts['name']) {
    this.#meters = meters
    this.#name = name
  }

  sent(frame: Frame, bytes: number): void {
    const series = this.#frame === frame && this.#series ? this.#series : this.#turnTo(frame)
    series.messages.value++
    series.bytes.value += bytes
  }

  #turnTo(frame: Frame): Pair {
    let series = this.#sent.get(frame)
    if (!series) this.#sent.set(frame, series = this.#find(this.#meters.messagesSent, this.#meters.messagesSentSize, frame))
    this.#frame = frame
    this.#series = series
    return series
  }

  /** `bytes` of a frame with many commands count with the first. */
  received(frame: Frame, bytes: number): void {
    let series = this.#received.get(frame)
    if (!series) this.#received.set(frame, series = this.#find(this.#meters.messagesReceived, this.#meters.messagesReceivedSize, frame))
    series.messages.value++
    series.bytes.value += bytes
  }

  #find(messages: Family, bytes: Family, frame: Frame): Pair {
    return { messages: messages.of(this.#name, frame, ''), bytes: bytes.of(this.#name, frame, '') }
  }
}

const counter = (name: string, help: string, ...labels: string[]): Family => new Family('counter', { name: `centrifugo_${name}`, help, labels })
const gauge = (name: string, help: string, ...labels: string[]): Family => new Family('gauge', { name: `centrifugo_${name}`, help, labels })

/** All of them. */
export class Meters {
  readonly nodeSent: Family = counter('node_messages_sent_count', 'Messages published, by type.', 'type', 'channel_namespace')
  readonly nodeReceived: Family = counter('node_messages_received_count', 'Messages taken from the broker, by type.', 'type', 'channel_namespace')
  readonly actions: Family = counter('node_action_count', 'Actions of the engine.', 'action', 'channel_namespace')
  readonly broadcasts: Histogram = new Histogram({
    name: 'centrifugo_node_broadcast_duration_seconds', help: 'Duration of a fan-out.', labels: ['type', 'channel_namespace'], bounds: BROADCASTS,
  })
  readonly connectionsAccepted: Family = counter('client_connections_accepted', 'Connections that were connected.', 'transport', 'accept_protocol', 'client_name', 'client_version')
  readonly connectionsInflight: Family = gauge('client_connections_inflight', 'Connections that are connected.', 'transport', 'accept_protocol', 'client_name', 'client_version')
  readonly subscriptionsAccepted: Family = counter('client_subscriptions_accepted', 'Subscriptions that were made.', 'client_name', 'channel_namespace')
  readonly subscriptionsInflight: Family = gauge('client_subscriptions_inflight', 'Subscriptions there are.', 'client_name', 'channel_namespace')
  readonly commands: Histogram = new Histogram({
    name: 'centrifugo_client_command_duration_seconds_histogram', help: 'Duration of a client command.', labels: ['method', 'channel_namespace'],
    bounds: DURATIONS, summaryName: 'centrifugo_client_command_duration_seconds',
  })
  readonly replyErrors: Family = counter('client_num_reply_errors', 'Error replies.', 'method', 'code', 'channel_namespace')
  readonly unsubscribes: Family = counter('client_num_server_unsubscribes', 'Subscriptions ended by the server.', 'code', 'channel_namespace')
  readonly disconnects: Family = counter('client_num_server_disconnects', 'Connections ended by the server.', 'code')
  readonly recoveries: Family = counter('client_recover', 'Recoveries asked for.', 'recovered', 'channel_namespace', 'has_recovered_publications')
  readonly recovered: Histogram = new Histogram({
    name: 'centrifugo_client_recovered_publications', help: 'Publications of a recovery.', labels: ['channel_namespace'], bounds: RECOVERED,
  })
  readonly pongs: Histogram = new Histogram({
    name: 'centrifugo_client_ping_pong_duration_seconds', help: 'Time from ping to pong.', labels: ['transport'], bounds: DURATIONS,
  })
  readonly messagesSent: Family = counter('transport_messages_sent', 'Messages sent.', 'transport', 'frame_type', 'channel_namespace')
  readonly messagesSentSize: Family = counter('transport_messages_sent_size', 'Bytes of messages sent.', 'transport', 'frame_type', 'channel_namespace')
  readonly messagesReceived: Family = counter('transport_messages_received', 'Messages received.', 'transport', 'frame_type', 'channel_namespace')
  readonly messagesReceivedSize: Family = counter('transport_messages_received_size', 'Bytes of messages received.', 'transport', 'frame_type', 'channel_namespace')
  readonly closes: Family = counter('transport_outgoing_close_count', 'Closes by the server.', 'transport', 'code')
  readonly suppressed: Family = counter('broker_publish_suppressed_count', 'Publications that were repeats or outdated.', 'reason', 'channel_namespace')
  readonly apiErrors: Family = counter('api_command_errors_total', 'Errors of the server API.', 'protocol', 'method', 'error')
  readonly apiCommands: Histogram = new Histogram({
    name: 'centrifugo_api_command_duration_seconds_histogram', help: 'Duration of a server API command.', labels: ['protocol', 'method'],
    bounds: DURATIONS, summaryName: 'centrifugo_api_command_duration_seconds',
  })
  readonly limited: Family = counter('node_client_connection_limit', 'Connections refused because there are too many.')
  readonly #transports = new Map<TransportFacts['name'], TransportMeter>()
  readonly #options: MetricsOptions
  readonly #version: string
  readonly #labels = new Set<string>()
  readonly #commandsOf = pairs((method, label) => this.commands.of(method, label))
  readonly #broadcastsOf = pairs((type, label) => ({
    sent: this.nodeSent.of(type, label), received: this.nodeReceived.of(type, label), durations: this.broadcasts.of(type, label),
  }))
  readonly #connectionsOf = pairs((transport, clientName) => {
    const labels = [transport, transport === 'websocket' ? '' : 'h1', clientName, clientName === 'unnamed' ? 'unversioned' : 'unregistered']
    return {
      inflight: this.connectionsInflight.of(...labels), accepted: this.connectionsAccepted.of(...labels),
      added: this.actions.of('add_client', ''), removed: this.actions.of('remove_client', ''),
    }
  })
  readonly #subscriptionsOf = pairs((clientName, label) => ({
    inflight: this.subscriptionsInflight.of(clientName, label), accepted: this.subscriptionsAccepted.of(clientName, label),
    added: this.actions.of('add_subscription', label), removed: this.actions.of('remove_subscription', label),
  }))

  constructor(options: MetricsOptions, version: string) {
    this.#options = options
    this.#version = version
  }

  /** Milliseconds of a clock that only measures. */
  tick(): number {
    return performance.now()
  }

  observeCommand(command: NumberedCommand, started: number): void {
    this.#commandsOf(command.method, this.#labelOf(command)).observe((this.tick() - started) / 1000)
  }

  countError(command: NumberedCommand, code: number): void {
    this.replyErrors.of(command.method, String(code), this.#labelOf(command)).value++
  }

  observePong(transport: TransportFacts['name'], pingedAt: number): void {
    this.pongs.observe((this.tick() - pingedAt) / 1000, transport)
  }

  countConnection({ transport, clientName }: Counted, change: 1 | -1): void {
    const { inflight, accepted, added, removed } = this.#connectionsOf(transport.name, clientName)
    inflight.value += change
    if (change > 0) accepted.value++
    const action = change > 0 ? added : removed
    action.value++
  }

  countSubscription(clientName: string, channel: string, change: 1 | -1): void {
    const { inflight, accepted, added, removed } = this.#subscriptionsOf(clientName, this.label(channel))
    inflight.value += change
    if (change > 0) accepted.value++
    const action = change > 0 ? added : removed
    action.value++
  }

  countRecovery(channel: string, { isRecovered, publications }: { readonly isRecovered: boolean, readonly publications: number }): void {
    const label = this.label(channel)
    this.recoveries.of(isRecovered ? 'yes' : 'no', label, publications > 0 ? 'yes' : 'no').value++
    if (isRecovered) this.recovered.observe(publications, label)
  }

  /** A publication, join or leave that went out. */
  observeBroadcast(type: 'publication' | 'join' | 'leave', channel: string, started: number): void {
    const { sent, received, durations } = this.#broadcastsOf(type, this.label(channel))
    sent.value++
    received.value++
    durations.observe((this.tick() - started) / 1000)
  }

  #labelOf({ request }: NumberedCommand): string {
    return 'channel' in request ? this.label(request.channel) : ''
  }

  /** The label of a channel, one of a bounded number. */
  label(channel: string): string {
    const { channelLabel, maxLabels = 100 } = this.#options
    if (!channelLabel) return ''
    const label = channelLabel(channel).replaceAll('\n', ' ')
    if (this.#labels.has(label)) return label
    if (this.#labels.size >= maxLabels) return 'other'
    this.#labels.add(label)
    return label
  }

  transport(name: TransportFacts['name']): TransportMeter {
    const meter = this.#transports.get(name) ?? new TransportMeter(this, name)
    this.#transports.set(name, meter)
    return meter
  }

  /** Prometheus text. */
  text(gauges: Gauges): string {
    const families = Object.values(this).filter((member): member is Writable => member instanceof Family || member instanceof Histogram)
    return [...families, ...nodeGauges(gauges, this.#version)].map(family => family.text()).join('')
  }
}

function nodeGauges({ connections, users, subscriptions, channels }: Gauges, version: string): Writable[] {
  const set = (family: Family, value: number, ...labels: string[]): Family => {
    family.of(...labels).value = value
    return family
  }
  return [
    set(gauge('node_num_clients', 'Connected clients.'), connections),
    set(gauge('node_num_users', 'Users with a connected client.'), users),
    set(gauge('node_num_subscriptions', 'Subscriptions.'), subscriptions),
    set(gauge('node_num_channels', 'Channels with a subscription.'), channels),
    set(gauge('node_num_nodes', 'Nodes.'), 1),
    set(gauge('node_build', 'Version whose protocol is spoken.', 'version'), 1, version),
  ]
}
