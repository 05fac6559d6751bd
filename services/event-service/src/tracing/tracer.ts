/** The tracing port: spans of what this process does. Without an adapter nothing is measured and nothing is loaded. */

/** What a span is about. */
export interface SpanOptions {
  /** `server`: answers a request; `producer`: hands over what others receive later. @default 'internal' */
  kind?: 'server' | 'internal' | 'producer'
  /** `traceparent` of the place it belongs to. @default a trace of its own */
  parent?: string | undefined
  /** `traceparent` of further places that it works for. */
  links?: readonly string[]
  attributes?: Readonly<Record<string, string | number | boolean>>
}

/** Something that takes a while. */
export interface Span {
  /** Its place, for what happens within it and for others. */
  readonly traceparent: string
  /** Sets its name or figures that were not known when it began. */
  set: (what: { name?: string, attributes?: Readonly<Record<string, string | number | boolean>> }) => void
  /** Ends it, by a failure when there is one. */
  end: (error?: unknown) => void
}

/** Makes spans. */
export interface Tracer {
  start: (name: string, options?: SpanOptions) => Span
  /** Sends what is left. Never rejects. */
  close: () => Promise<void>
}
