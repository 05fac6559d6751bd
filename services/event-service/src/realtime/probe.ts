/** Looks at a Centrifugo node: what `platform doctor` judges. */

import { createCentrifugoApi } from './centrifugo-api.ts'

const TIMEOUT_MS = 3000

/** What a Centrifugo node says of its installation. */
export interface CentrifugoFacts {
  /** Versions of all nodes that this one knows, itself included. */
  versions: string[]
}

/** Looks at a node. @throws {CentrifugoError} of kind `unauthorized` when the key is not its own */
export async function probeCentrifugo(node: string, key: string): Promise<CentrifugoFacts> {
  const { nodes } = await createCentrifugoApi({ nodes: [node], key, tries: 1, timeoutMs: TIMEOUT_MS }).call('info', {})
  return { versions: (nodes as { version: string }[]).map(({ version }) => version) }
}
