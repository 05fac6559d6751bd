import { describe, expect, test } from 'vitest'
import { Histogram } from '../src/instruments.ts'
import { connected, raw, sign, start } from './kit.ts'

/** Values by series. */
function read(text: string): Map<string, number> {
  return new Map(text.split('\n').filter(line => line !== '' && !line.startsWith('#')).map(line => {
    const at = line.lastIndexOf(' ')
    return [line.slice(0, at), Number(line.slice(at + 1))]
  }))
}

const NAMES = [
  'node_messages_sent_count', 'node_messages_received_count', 'node_action_count', 'node_num_clients', 'node_num_users', 'node_num_subscriptions',
  'node_num_channels', 'node_num_nodes', 'node_build', 'node_broadcast_duration_seconds', 'node_client_connection_limit',
  'client_connections_accepted', 'client_connections_inflight', 'client_subscriptions_accepted', 'client_subscriptions_inflight',
  'client_command_duration_seconds', 'client_command_duration_seconds_histogram', 'client_num_reply_errors', 'client_num_server_unsubscribes',
  'client_num_server_disconnects', 'client_recover', 'client_recovered_publications', 'client_ping_pong_duration_seconds',
  'transport_messages_sent', 'transport_messages_sent_size', 'transport_messages_received', 'transport_messages_received_size',
  'transport_outgoing_close_count', 'broker_publish_suppressed_count', 'api_command_errors_total', 'api_command_duration_seconds_histogram',
]

test('metrics have Centrifugo\'s names', async () => {
  const { engine } = await start()
  const names = [...engine.metrics().matchAll(/^# TYPE (\S+) /gmu)].map(([, name]) => name)
  expect(names).toEqual(expect.arrayContaining(NAMES.map(name => `centrifugo_${name}`)))
})

test('what happened is counted', async () => {
  const { url, engine } = await start()
  const connection = await raw(url)
  connection.send({ id: 1, connect: { token: await sign({ sub: 'u' }), name: 'js', version: '5.7' } })
  await connection.next()
  connection.send({ id: 2, subscribe: { channel: 'seen:a' } }, { id: 3, subscribe: { channel: 'shut:a' } }, { id: 4, subscribe: { channel: 'kept:a', recover: true, recoverable: true, offset: 3, epoch: 'x' } })
  for (let n = 0; n < 4; n++) await connection.next()
  engine.publish('kept:a', 1, { idempotencyKey: 'k' })
  engine.publish('kept:a', 1, { idempotencyKey: 'k' })
  await connection.next()
  engine.unsubscribe({ user: 'u', channel: 'seen:a' })
  await connection.next()
  const during = read(engine.metrics())
  expect(Object.fromEntries([...during].filter(([name]) => /num_(?:clients|users|sub|chan)|inflight|accepted|suppressed|errors|unsubscribes|client_recover\{/u.test(name)))).toEqual({
    'centrifugo_node_num_clients': 1, 'centrifugo_node_num_users': 1, 'centrifugo_node_num_subscriptions': 1, 'centrifugo_node_num_channels': 1,
    'centrifugo_client_connections_accepted{transport="websocket",accept_protocol="",client_name="js",client_version="unregistered"}': 1,
    'centrifugo_client_connections_inflight{transport="websocket",accept_protocol="",client_name="js",client_version="unregistered"}': 1,
    'centrifugo_client_subscriptions_accepted{client_name="js",channel_namespace=""}': 2,
    'centrifugo_client_subscriptions_inflight{client_name="js",channel_namespace=""}': 1,
    'centrifugo_client_num_reply_errors{method="subscribe",code="103",channel_namespace=""}': 1,
    'centrifugo_client_num_server_unsubscribes{code="2000",channel_namespace=""}': 1,
    'centrifugo_client_recover{recovered="no",channel_namespace="",has_recovered_publications="no"}': 1,
    'centrifugo_broker_publish_suppressed_count{reason="idempotency",channel_namespace=""}': 1,
  })
  expect(during.get('centrifugo_transport_messages_sent{transport="websocket",frame_type="push_publication",channel_namespace=""}')).toBe(1)
  expect(during.get('centrifugo_transport_messages_received{transport="websocket",frame_type="subscribe",channel_namespace=""}')).toBe(3)
  expect(during.get('centrifugo_client_command_duration_seconds_histogram_count{method="subscribe",channel_namespace=""}')).toBe(3)
  expect(during.get('centrifugo_node_messages_sent_count{type="join",channel_namespace=""}')).toBe(1)
  engine.disconnect({ user: 'u' })
  await connection.closed
  const after = read(engine.metrics())
  expect([...after].filter(([name, value]) => /inflight|num_(?:clients|users|sub|chan)/u.test(name) && value !== 0)).toEqual([])
  expect(after.get('centrifugo_client_num_server_disconnects{code="3503"}')).toBe(1)
})

describe('the channel label', () => {
  test('is what the application says, as many values as allowed, then other', async () => {
    const { url, engine } = await start({ metrics: { channelLabel: channel => channel.split(':')[1] ?? '', maxLabels: 2 } })
    const { send, next } = await connected(url)
    for (const [id, name] of ['a', 'b', 'c', 'd\n"'].entries()) {
      send({ id: id + 2, subscribe: { channel: `open:${name}` } })
      await next()
    }
    const series = [...read(engine.metrics())].filter(([name]) => name.includes('subscriptions_inflight')).map(([name, value]) => [/channel_namespace="(.*)"\}/u.exec(name)?.[1], value])
    expect(series).toEqual([['a', 1], ['b', 1], ['other', 2]])
  })
})

test('metrics are served where asked for, and only there', async () => {
  const { port, engine } = await start()
  expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(404)
  expect(engine.metrics()).toContain('centrifugo_node_build{version="6.9.1 OSS"} 1')
})

test('a histogram counts below its bounds, with sum and count', () => {
  const histogram = new Histogram({ name: 'h', help: 'H.', labels: ['l'], bounds: [1, 2], summaryName: 's' })
  for (const value of [0.5, 1, 1.5, 9]) histogram.observe(value, 'x"\\')
  expect(histogram.text()).toBe([
    '# HELP h H.', '# TYPE h histogram',
    'h_bucket{l="x\\"\\\\",le="1"} 2', 'h_bucket{l="x\\"\\\\",le="2"} 3', 'h_bucket{l="x\\"\\\\",le="+Inf"} 4', 'h_sum{l="x\\"\\\\"} 12', 'h_count{l="x\\"\\\\"} 4',
    '# HELP s H.', '# TYPE s summary', 's_sum{l="x\\"\\\\"} 12', 's_count{l="x\\"\\\\"} 4', '',
  ].join('\n'))
})
