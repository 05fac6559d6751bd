import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alertRuleSchema, type AlertRule, type Metrics } from '@neo-stack/events'
import { replay, type PastPoint } from '../src/alerts/preview.ts'
import { absentAfter, absentSeconds, dueAt, fire, judge, repeatAfter, toSeconds, type RuleState } from '../src/alerts/rules.ts'

const metrics = (cpu: number): Metrics => ({ cpu, memory: 0, disk: 0, networkIn: 0, networkOut: 0, activeInstances: 0, uptime: 0 })
const ruleOf = (over: Partial<AlertRule> = {}): AlertRule => alertRuleSchema.parse({ name: 'cpu', metric: 'cpu', op: '>', threshold: 80, severity: 'critical', ...over })

const pointOf = (tens: number, cpu: number, { low, high }: { low?: number, high?: number } = {}): PastPoint =>
  ({ ...metrics(cpu), at: tens * 10, ...low !== undefined && { low: metrics(low) }, ...high !== undefined && { high: metrics(high) } })

/** What happens over samples, one a second from second 1. */
function play(rule: AlertRule, values: readonly number[]): string[] {
  let state: RuleState = { state: 'ok' }
  let ids = 0
  let before: { at: number, metrics: Metrics } | undefined
  return values.map((value, index) => {
    const verdict = judge(rule, state, { at: index + 1, metrics: metrics(value), before, newId: () => String(++ids) })
    state = verdict.state
    before = { at: index + 1, metrics: metrics(value) }
    return verdict.change ?? state.state
  })
}

describe('a rule', () => {
  it.each<[string, Partial<AlertRule>, number[], string[]]>([
    ['fires at once without a for', {}, [80, 81, 90, 80], ['ok', 'fired', 'firing', 'resolved']],
    ['waits for its for', { for: '2s' }, [90, 90, 90, 90], ['pending', 'pending', 'fired', 'firing']],
    ['begins anew when the figure fell meanwhile', { for: '2s' }, [90, 70, 90, 90, 90], ['pending', 'ok', 'pending', 'pending', 'fired']],
    ['is over only below its hysteresis', { hysteresis: 5 }, [90, 80, 76, 75, 81], ['fired', 'firing', 'firing', 'resolved', 'fired']],
    ['takes the threshold itself with >=', { op: '>=' }, [79, 80, 79], ['ok', 'fired', 'resolved']],
    ['watches for too little with <', { op: '<', threshold: 10, hysteresis: 5 }, [10, 9, 14, 15], ['ok', 'fired', 'firing', 'resolved']],
    ['takes the threshold itself with <=', { op: '<=', threshold: 10 }, [11, 10, 11], ['ok', 'fired', 'resolved']],
  ])('%s', (_name, over, values, expected) => {
    expect(play(ruleOf(over), values)).toEqual(expected)
  })

  it.each([['500ms', 0.5], ['0s', 0], ['2s', 2], ['5m', 300], ['1h', 3600]])('reads %s as %s seconds', (text, seconds) => {
    expect(toSeconds(text)).toBe(seconds)
    expect(dueAt({ for: text }, 100)).toBe(100 + seconds)
  })

  it('of absence is over with a sample, and would have fired where samples stayed away', () => {
    const rule = ruleOf({ kind: 'absence', for: '30s' })
    expect(judge(rule, { state: 'firing', since: 100, alertId: 'a' }, { at: 160, metrics: metrics(0), newId: () => '' })).toEqual({ state: { state: 'ok', changes: [160] }, change: 'resolved', alertId: 'a', value: 60 })
    expect(judge(rule, { state: 'ok' }, { at: 160, metrics: metrics(99), newId: () => '' })).toEqual({ state: { state: 'ok' } })
    const time = (second: number): string => new Date(second * 1000).toISOString()
    const over = { from: 0, to: 200 }
    expect(replay(rule, [pointOf(1, 0), pointOf(2, 0), pointOf(9, 0), pointOf(10, 0)], { step: 10, over })).toEqual([
      { from: time(59), to: time(90), value: 61 }, { from: time(139), value: 91 },
    ])
    expect(replay(rule, [], { step: 10, over })).toEqual([{ from: time(30), value: 200 }])
    expect(['0s', '5500ms', '1m'].map(time => absentAfter(ruleOf({ kind: 'absence', for: time })))).toEqual([5, 6, 60])
    expect([absentAfter(ruleOf()), repeatAfter(ruleOf({ repeat: '1s' })), repeatAfter(ruleOf())]).toEqual([undefined, 60, undefined])
  })

  it.each<[string, Partial<AlertRule>, { newest?: number, lookingSince?: number }, number | undefined]>([
    ['samples that are missing for its for', { for: '40s' }, { newest: 960 }, 40], ['nothing before that', { for: '40s' }, { newest: 961 }, undefined],
    ['all of its for when there never was a sample', { for: '40s' }, {}, 40], ['nothing while its judge is younger than its for', { for: '40s' }, { newest: 900, lookingSince: 961 }, undefined],
    ['nothing in its judge\'s first half minute', { for: '5s' }, { newest: 900, lookingSince: 971 }, undefined], ['samples from then on', { for: '5s' }, { newest: 900, lookingSince: 970 }, 100],
    ['nothing when it is of another kind', { kind: 'threshold' }, {}, undefined],
  ])('of absence misses %s', (_name, over, { newest, lookingSince = 0 }, expected) => {
    expect(absentSeconds(ruleOf({ kind: 'absence', ...over }), { at: 1000, newest, lookingSince })).toBe(expected)
  })

  it('of absence that comes and goes becomes one alert that lasts, and is over after ten minutes without a gap', () => {
    const rule = ruleOf({ kind: 'absence', for: '10s' })
    let state: RuleState = { state: 'ok' }
    let last = 0
    const said: string[] = []
    const sample = (at: number): void => {
      if (at - last >= 10 && state.state !== 'firing') {
        state = fire(state, { at: last + 10, value: 10, newId: () => 'a' }).state
        said.push(`${last + 10} fired`)
      }
      const verdict = judge(rule, state, { at, metrics: metrics(0), before: { at: last, metrics: metrics(0) }, newId: () => 'b' })
      if (verdict.change) said.push(`${at} ${verdict.change}`)
      state = verdict.state
      last = at
    }
    for (const at of [15, 30, 45, 60]) sample(at)
    for (let at = 65; at <= 700; at += 5) sample(at)
    expect(said).toEqual(['10 fired', '15 resolved', '25 fired', '30 flapping', '660 resolved'])
  })

  it('compares what a figure grows per second when it is a rule of rates', () => {
    expect(play(ruleOf({ kind: 'rate', threshold: 5 }), [90, 92, 98, 98])).toEqual(['ok', 'ok', 'fired', 'resolved'])
  })

  it('becomes one alert that lasts when it changes four times in ten minutes, and is over after ten calm ones', () => {
    const calm = Array.from({ length: 598 }, () => 0)
    const said = play(ruleOf(), [90, 0, 90, 0, 90, 0, ...calm, 90, 0, ...calm, 0, 0, 0])
    expect(said.slice(0, 6)).toEqual(['fired', 'resolved', 'fired', 'flapping', 'firing', 'firing'])
    expect(said.flatMap((word, index) => word === 'fired' || word === 'resolved' || word === 'flapping' ? [`${index} ${word}`] : []))
      .toEqual(['0 fired', '1 resolved', '2 fired', '3 flapping', `${605 + 600} resolved`])
  })

  it.each<[string, Partial<AlertRule>, PastPoint[], number]>([
    ['once for a peak inside a point', {}, [pointOf(1, 50, { high: 90 }), pointOf(2, 50)], 1],
    ['not for a peak when it must last', { for: '10s' }, [pointOf(1, 50, { high: 90 }), pointOf(2, 50, { high: 90 })], 0],
    ['for what lasted over points', { for: '10s' }, [pointOf(1, 90, { low: 85 }), pointOf(2, 90, { low: 85 })], 1],
    ['three times for three', {}, [90, 10, 90, 10, 90].map((cpu, index) => pointOf(index * 100, cpu)), 3],
  ])('would have fired %s', (_name, over, points, times) => {
    expect(replay(ruleOf(over), points, { step: 10, over: { from: 0, to: 1000 } })).toHaveLength(times)
  })

  it('fires and is over in turns, fires only while true for long enough, and never twice within its hysteresis', () => {
    fc.assert(fc.property(
      fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 60 }), fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 10 }),
      (values, seconds, hysteresis) => {
        const said = play(ruleOf({ for: `${seconds}s`, hysteresis }), values)
        const changes = said.filter(word => word === 'fired' || word === 'resolved')
        expect(changes.every((word, index) => word === (index % 2 === 0 ? 'fired' : 'resolved'))).toBe(true)
        for (const [index, word] of said.entries()) {
          if (word === 'fired') expect(values.slice(index - seconds, index + 1).every(value => value > 80)).toBe(true)
          if (word === 'resolved') expect(values[index]).toBeLessThanOrEqual(80 - hysteresis)
        }
      },
    ), { numRuns: 300 })
  })
})
