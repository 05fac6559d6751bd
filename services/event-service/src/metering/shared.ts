/** A question that several gauges read their figures from: whoever asks while it is being answered gets the same answer. */
export function share<Answer>(ask: () => Promise<Answer>): () => Promise<Answer> {
  let asking: Promise<Answer> | undefined
  return () => asking ??= ask().finally(() => { asking = undefined })
}
