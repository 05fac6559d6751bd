/** What a question in PromQL selects, by the grammar that Prometheus keeps for its own editor. */

import { parser } from '@prometheus-io/lezer-promql'

/** A matcher of a label. */
export interface Matcher { label: string, operator: '=' | '!=' | '=~' | '!~', value: string }

/** A vector selector. */
export interface Selector { metric: string, matchers: readonly Matcher[] }

/** Labels of a series. */
export type Labels = Readonly<Record<string, string>>

type Node = ReturnType<typeof parser.parse>['topNode']

/** Every vector selector of a question. @throws {SyntaxError} for what is no PromQL */
export function selectorsOf(expr: string): Selector[] {
  const selectors: Selector[] = []
  parser.parse(expr).iterate({ enter: ({ node, type }) => {
    if (type.isError) throw new SyntaxError(`no PromQL at ${node.from}: ${expr}`)
    if (type.name === 'VectorSelector') selectors.push(toSelector(node, expr))
  } })
  return selectors
}

function toSelector(node: Node, expr: string): Selector {
  const textOf = (part: Node | null): string => part ? expr.slice(part.from, part.to) : ''
  const matchers = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []
  return {
    metric: textOf(node.getChild('Identifier')),
    matchers: matchers.map(matcher => ({
      label: textOf(matcher.getChild('LabelName')), operator: textOf(matcher.getChild('MatchOp')) as Matcher['operator'],
      value: JSON.parse(textOf(matcher.getChild('StringLiteral'))) as string,
    })),
  }
}

/** Whether a series has what a matcher asks for, as Prometheus does it: a pattern holds for the whole value, what is missing is empty. */
export function holds({ label, operator, value }: Matcher, labels: Labels): boolean {
  const own = labels[label] ?? ''
  const isLike = operator.includes('~') ? new RegExp(`^(?:${value})$`).test(own) : own === value
  return operator.startsWith('!') ? !isLike : isLike
}

/** A page of metrics: names that it declares, histograms' parts among them, and the labels of each series there is. */
export interface Page { names: ReadonlySet<string>, series: ReadonlyMap<string, readonly Labels[]> }

/** Reads the Prometheus text format. */
export function readPage(text: string): Page {
  const names = new Set([...text.matchAll(/^# TYPE (\S+) (\S+)/gm)].flatMap(([, name = '', type = '']) => [name, ...(PARTS[type] ?? []).map(part => `${name}_${part}`)]))
  const series = new Map<string, Labels[]>()
  for (const [, name = '', labels = ''] of text.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+/gm)) {
    const known = series.get(name) ?? []
    series.set(name, [...known, Object.fromEntries([...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', value = '']) => [label, value]))])
  }
  return { names, series }
}

const PARTS: Readonly<Record<string, readonly string[]>> = { histogram: ['bucket', 'count', 'sum'], summary: ['count', 'sum'] }
