/** What a pull says: lines per change of a layer's state, and how much of all layers is here. Pure. */

import type { StepOutput } from '../driver.ts'

/** One message of `POST /images/create`. */
export interface PullMessage {
  id?: string
  status?: string
  progressDetail?: { current?: number, total?: number }
  error?: string
  stream?: string
}

/** Takes messages and gives what to say of them. @throws {Error} with the message's error */
export function createLayerProgress(): (message: PullMessage) => StepOutput[] {
  const states = new Map<string, string>()
  const bytes = new Map<string, { current: number, total: number }>()
  let best = 0
  return ({ id = '', status = '', progressDetail, error, stream }) => {
    if (error !== undefined) throw new Error(error)
    const outputs: StepOutput[] = []
    const text = stream?.trimEnd() ?? (id === '' ? status : `${id}: ${status}`)
    if (text !== '' && states.get(id) !== text) outputs.push({ stream: 'stdout', text })
    states.set(id, text)
    const { current, total } = progressDetail ?? {}
    if (current === undefined || total === undefined || total <= 0) return outputs
    bytes.set(id, { current, total })
    best = Math.max(best, shareOf([...bytes.values()]))
    return [...outputs, { progress: best }]
  }
}

function shareOf(layers: readonly { current: number, total: number }[]): number {
  const sum = (pick: 'current' | 'total'): number => layers.reduce((all, layer) => all + layer[pick], 0)
  return Math.min(1, sum('current') / sum('total'))
}
