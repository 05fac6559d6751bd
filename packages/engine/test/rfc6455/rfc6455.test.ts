/** The engine's WebSocket port against RFC 6455. */
import { describe, expect, it } from 'vitest'
import { sign, start } from '../kit.ts'
import { CASES, piecesOf } from './cases.ts'
import type { Case } from './cases.ts'
import { CLOSE, openPeer, PING, PONG, TEXT, toBytes } from './frames.ts'
import type { Heard, Peer } from './frames.ts'

const says = (part: string) => (frame: Heard): boolean => frame.opcode === TEXT && frame.payload.includes(part)

async function openConnected(port: number): Promise<Peer> {
  const peer = await openPeer(port)
  const connect = { id: 1, connect: { token: await sign({ sub: 'u' }) } }
  peer.socket.write(toBytes({ opcode: TEXT, payload: `${JSON.stringify(connect)}\n{"id":2,"subscribe":{"channel":"open:echo"}}` }))
  await peer.first(says('"id":2'))
  peer.heard.length = 0
  return peer
}

/** Each piece in a packet of its own, as far as the network keeps them apart. */
async function write(peer: Peer, pieces: readonly Buffer[]): Promise<void> {
  peer.socket.setNoDelay(true)
  for (const piece of pieces) {
    if (peer.socket.destroyed) return
    await new Promise<void>(resolve => { peer.socket.write(piece, () => { resolve() }) })
  }
}

async function meets(peer: Peer, { closes, pongs, echoes }: Case): Promise<void> {
  if (closes === undefined) {
    peer.socket.write(toBytes({ opcode: TEXT, payload: '{"id":99,"rpc":{}}' }))
    expect(await peer.first(says('"id":99')), 'it stays').toBeDefined()
  } else {
    const close = await peer.first(frame => frame.opcode === CLOSE)
    expect(close && (close.payload.length === 0 ? 1005 : close.payload.readUInt16BE(0))).toBe(closes)
    peer.socket.end(toBytes({ opcode: CLOSE, payload: close?.payload.subarray(0, 2) ?? '' }))
    await peer.ended
  }
  if (pongs) expect(peer.heard.filter(({ opcode }) => opcode === PONG).map(({ payload }) => payload)).toEqual(pongs)
  if (echoes) expect(peer.heard.find(says('"pub"'))?.payload.includes(Buffer.concat([Buffer.from('"data":"'), echoes, Buffer.from('"')]))).toBe(true)
}

it('there are at least three hundred cases', () => {
  expect(Object.values(CASES).flat().length).toBeGreaterThanOrEqual(300)
})

describe.each(Object.entries(CASES))('%s', (_category, cases) => {
  it.each(cases)('$name', async one => {
    const { port } = await start()
    const [peer, bystander] = await Promise.all([openConnected(port), openConnected(port)])
    await write(peer, piecesOf(one))
    await meets(peer, one)
    bystander.socket.write(toBytes({ opcode: PING, payload: 'still there?' }))
    expect(await bystander.first(({ opcode }) => opcode === PONG)).toBeDefined()
  })
})
