import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alertRuleSchema, type AlertRule, type Metrics } from '@neo-stack/events'
import { dueAt, judge, toSeconds, type RuleState } from '../src/alerts/rules.ts'

const metrics = (cpu: number): Metrics => ({ cpu, memory: 0, disk: 0, networkIn: 0, networkOut: 0, activeInstances: 0, uptime: 0 })
const ruleOf = (over: Partial<AlertRule> = {}): AlertRule => alertRuleSchema.parse({ name: 'cpu', metric: 'cpu', op: '>', threshold: 80, severity: 'critical', ...over })

/** What happens over samples, one a second from second 1. */
function play(rule: AlertRule, values: readonly number[]): string[] {
  let state: RuleState = { state: 'ok' }
  let ids = 0
  return values.map((value, index) => {
    const verdict = judge(rule, state, { at: index + 1, metrics: metrics(value), newId: () => String(++ids) })
    state = verdict.state
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
