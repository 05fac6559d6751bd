import { describe, expect, it } from 'vitest'
import { createGather } from '../src/publish/gather.ts'

const settle = async (): Promise<void> => { for (let turn = 0; turn < 20; turn++) await Promise.resolve() }

describe('gathering', () => {
  const start = (options: { max?: number, enough?: number, weigh?: (member: number) => number } = {}) => {
    const groups: string[] = []
    const answered: string[] = []
    const timers: (() => void)[] = []
    const finish: (() => void)[] = []
    let leave: () => void = () => undefined
    const gather = createGather<number>({
      ...options, setTimer: run => timers.push(run),
      run: (key, group, onAway) => {
        const name = `${key}:${group.join()}`
        groups.push(name)
        leave = onAway
        return new Promise(resolve => { finish.push(() => { resolve(() => answered.push(name)) }) })
      },
    })
    const wait = async (): Promise<void> => { timers.shift()?.(); await settle() }
    const end = async (): Promise<void> => { finish.shift()?.(); await settle() }
    return { gather, groups, answered, wait, end, leave: () => { leave() } }
  }

  it('runs what came within the wait together, and keys apart', async () => {
    const { gather, groups, wait } = start()
    gather.add('a', 1)
    gather.add('b', 2)
    gather.add('a', 3)
    await wait()
    await wait()
    expect(groups).toEqual(['b:2'])
    await wait()
    expect(groups).toEqual(['b:2', 'a:1,3'])
  })

  it('waits as long as somebody comes, but not for ever', async () => {
    const { gather, groups, wait } = start()
    gather.add('a', 1)
    for (let member = 2; member <= 20; member++) {
      gather.add('a', member)
      await wait()
    }
    expect(groups).toEqual(['a:1,2,3,4,5,6,7,8,9'])
  })

  it('runs one group of a key at a time, in the order of arrival', async () => {
    const { gather, groups, wait, end } = start()
    gather.add('a', 1)
    await wait()
    gather.add('a', 2)
    gather.add('a', 3)
    expect(gather.waiting('a')).toBe(2)
    await wait()
    expect(groups).toEqual(['a:1'])
    await end()
    await wait()
    expect(groups).toEqual(['a:1', 'a:2,3'])
  })

  it('closes a group by weight, and lets a heavy member alone', async () => {
    const { gather, groups, wait, end } = start({ max: 10, weigh: member => member })
    for (const member of [4, 5, 3, 50, 1]) gather.add('a', member)
    for (let round = 0; round < 6; round++) {
      await wait()
      await end()
    }
    expect(groups).toEqual(['a:4,5', 'a:3', 'a:50', 'a:1'])
  })

  it('answers a group at once when those after it wait for company', async () => {
    const { gather, groups, answered, wait, end } = start({ enough: 3 })
    gather.add('a', 1)
    await wait()
    for (const member of [2, 3]) gather.add('a', member)
    await end()
    expect([groups, answered]).toEqual([['a:1'], ['a:1']])
    await wait()
    await end()
    expect(answered).toEqual(['a:1', 'a:2,3'])
  })

  it('begins the next group first when enough have come, and answers the one before while that is away', async () => {
    const { gather, groups, answered, wait, end, leave } = start({ enough: 3 })
    gather.add('a', 1)
    await wait()
    for (const member of [2, 3, 4]) gather.add('a', member)
    await end()
    expect([groups, answered]).toEqual([['a:1', 'a:2,3,4'], []])
    leave()
    leave()
    expect(answered).toEqual(['a:1'])
    await end()
    expect(answered).toEqual(['a:1', 'a:2,3,4'])
  })

  it('does not let a group wait for its answer when the next one is held up', async () => {
    const { gather, answered, wait, end } = start({ enough: 2 })
    gather.add('a', 1)
    await wait()
    for (const member of [2, 3]) gather.add('a', member)
    await end()
    expect(answered).toEqual([])
    await wait()
    expect(answered).toEqual(['a:1'])
    await end()
    expect(answered).toEqual(['a:1', 'a:2,3'])
  })

  it('answers a group before the next, also when that one was never away', async () => {
    const { gather, answered, wait, end } = start({ enough: 1 })
    gather.add('a', 1)
    await wait()
    gather.add('a', 2)
    await end()
    expect(answered).toEqual([])
    await end()
    expect(answered).toEqual(['a:1', 'a:2'])
  })

  it('drains what was added and remembers nothing', async () => {
    const { gather, groups, wait, end } = start()
    gather.add('a', 1)
    let isDrained = false
    const drained = gather.drain().then(() => { isDrained = true })
    await wait()
    expect(isDrained).toBe(false)
    await end()
    await drained
    expect(groups).toEqual(['a:1'])
    expect(gather.waiting('a')).toBe(0)
  })
})
