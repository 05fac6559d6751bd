import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Act } from './kit/log-world.ts'
import { LogWorld } from './kit/log-world.ts'

const act = (types: readonly Act['type'][]): fc.Arbitrary<Act> =>
  fc.record({ type: fc.constantFrom(...types), pick: fc.nat({ max: 30 }) }) as fc.Arbitrary<Act>

/** Weighted so that the feed is mostly up and now and then everything goes wrong. */
const common = act(['publish', 'deliver', 'read', 'answer', 'connect'])
const faulty = act(['publishLost', 'deliverLate', 'repeat', 'cut', 'failAnswer', 'ring'])
const harsh = act(['trim', 'restore'])

const acts = (...weighted: fc.WeightedArbitrary<Act>[]): fc.Arbitrary<Act[]> => fc.array(fc.oneof(...weighted), { minLength: 10, maxLength: 120, size: 'max' })

function play(all: readonly Act[]): LogWorld {
  const world = new LogWorld()
  world.dispatch({ type: 'start' })
  for (const one of all) world.act(one)
  world.settle()
  return world
}

test('after any interleaving the handler has seen every event once, in order, and the view equals the log', () => {
  const visited = new Set<string>()
  fc.assert(fc.property(acts({ weight: 12, arbitrary: common }, { weight: 5, arbitrary: faulty }, { weight: 1, arbitrary: harsh }), all => {
    const world = play(all)
    // One more shows a loss at the log's end, which nobody can notice before.
    world.publish()
    world.settle()
    for (const cell of world.visited) visited.add(cell)
    expect(world.state.kind).toBe('live')
    expect(world.view).toEqual(world.logIds)
  }), { numRuns: 1000 })
  // The interleavings are worth something only when they reach what can happen to a log feed that nobody stops.
  expect([...visited].sort()).toEqual(expect.arrayContaining([
    'subscribing × subscribed', 'loading × lost', 'loading × publication', 'loading × snapshot', 'loading × missed', 'loading × retry',
    'live × publication', 'live × lost', 'offline × subscribed', 'offline × snapshot', 'offline × missed', 'offline × retry',
    'catching-up × publication', 'catching-up × page', 'catching-up × lost', 'catching-up × trimmed', 'catching-up × missed', 'catching-up × retry',
    'late × snapshot', 'late × page', 'late × trimmed', 'late × missed',
  ].sort()))
})

test('where nothing is lost unnoticeably, the view is complete at rest without waiting for a further event', () => {
  const honest = act(['deliverLate', 'repeat', 'cut', 'failAnswer', 'ring'])
  fc.assert(fc.property(acts({ weight: 10, arbitrary: common }, { weight: 5, arbitrary: honest }, { weight: 1, arbitrary: harsh }), all => {
    const world = play(all)
    expect(world.state.kind).toBe('live')
    expect(world.view).toEqual(world.logIds)
  }), { numRuns: 1000 })
})

test('without trimming and restored backups one snapshot is enough, whatever the transport does', () => {
  fc.assert(fc.property(acts({ weight: 8, arbitrary: common }, { weight: 5, arbitrary: faulty }), all => {
    const world = new LogWorld()
    world.dispatch({ type: 'start' })
    world.connect()
    world.act({ type: 'read', pick: 0 })
    world.act({ type: 'answer', pick: 0 })
    for (const one of all) world.act(one)
    world.publish()
    world.settle()
    expect(world.snapshots).toHaveLength(1)
    expect(world.view).toEqual(world.logIds)
  }), { numRuns: 300 })
})

test('a stopped feed delivers nothing, and started again it takes a new snapshot', () => {
  fc.assert(fc.property(acts({ weight: 8, arbitrary: common }, { weight: 3, arbitrary: faulty }), acts({ weight: 1, arbitrary: common }), (before, after) => {
    const world = play(before)
    world.dispatch({ type: 'stop' })
    const { snapshots, seen } = world
    const counts = [snapshots.length, seen.length]
    for (const one of after) world.act(one)
    expect([snapshots.length, seen.length]).toEqual(counts)
    world.dispatch({ type: 'start' })
    world.settle()
    expect(world.snapshots.length).toBe((counts[0] ?? 0) + 1)
    expect(world.view).toEqual(world.logIds)
  }), { numRuns: 200 })
})
