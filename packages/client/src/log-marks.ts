/** What a line of a log says besides its words: groups (GitHub's dialect), errors, colours and progress bars. Pure. */

import type { LogLine } from '@neo-stack/events'

/** Where a group begins or ends. `time` is milliseconds since 1970. */
export interface Marker {
  n: number
  time: number
  kind: 'begin' | 'end'
  title: string
}

/** A group of lines between its marks; `end` is missing while it is open. */
export interface LogGroup {
  from: number
  end?: number
  title: string
  /** How many groups it stands in. */
  depth: number
  /** Milliseconds. */
  took?: number
}

/** What a line marks. */
export function markerOf(text: string): Pick<Marker, 'kind' | 'title'> | undefined {
  if (text.startsWith('::group::')) return { kind: 'begin', title: text.slice(9) }
  if (text.startsWith('##[group]')) return { kind: 'begin', title: text.slice(9) }
  return text.startsWith('::endgroup::') || text.startsWith('##[endgroup]') ? { kind: 'end', title: '' } : undefined
}

/** Whether a line tells of an error. */
export function errorOf(stream: LogLine['stream'], text: string): boolean {
  return stream === 'stderr' || text.startsWith('::error') || text.startsWith('##[error]')
}

/** Makes groups of marks in the order of their lines; an end without a beginning is left out. */
export function toGroups(markers: readonly Marker[]): LogGroup[] {
  const groups: (LogGroup & { time: number })[] = []
  const open: (typeof groups)[number][] = []
  for (const { n, time, kind, title } of markers) {
    if (kind === 'begin') {
      const group = { from: n, title, depth: open.length, time }
      groups.push(group)
      open.push(group)
    } else {
      const group = open.pop()
      if (group) Object.assign(group, { end: n, took: time - group.time })
    }
  }
  return groups.map(({ time: _, ...group }) => group)
}

const CONTROLS = /\u001B(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\u0007\u001B]{0,2048}(?:\u0007|\u001B\\)|[@-Z\\-_])/g

/** A line as a person reads it: what a progress bar ended with, without colours. */
export function stripControls(text: string): string {
  return lastOverwrite(text).replaceAll(CONTROLS, '')
}

/** What stands in a line after everything that was written over: the part behind its last carriage return that has any. */
export function lastOverwrite(text: string): string {
  if (!text.includes('\r')) return text
  return text.split('\r').findLast(part => part !== '') ?? ''
}
