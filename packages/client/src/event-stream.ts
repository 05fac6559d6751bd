/** Reads server-sent events (WHATWG HTML 9.2.6) out of text as it comes. Pure. */

/** One event. */
export interface StreamEvent {
  /** The last identifier that was given, '' when none was. */
  id: string
  event: string
  data: string
}

/** Makes a reader: it takes pieces of text and gives the events that are complete. */
export function createEventReader(): (text: string) => StreamEvent[] {
  let open = ''
  let id = ''
  let fields: { event: string, data: string[] } = { event: 'message', data: [] }

  function take(line: string): StreamEvent | undefined {
    if (line === '') {
      const { event, data } = fields
      fields = { event: 'message', data: [] }
      return data.length > 0 ? { id, event, data: data.join('\n') } : undefined
    }
    const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (name === 'id') id = value
    if (name === 'event') fields.event = value
    if (name === 'data') fields.data.push(value)
    return undefined
  }

  return text => {
    // A carriage return at the very end may be half of a line's end.
    const all = open + text
    const end = all.endsWith('\r') ? all.length - 1 : all.length
    const lines = all.slice(0, end).split(/\r\n|\n|\r/)
    open = (lines.pop() ?? '') + all.slice(end)
    return lines.flatMap(line => take(line) ?? [])
  }
}
