/** Ports for programs that cannot be told to take any. */

import { createServer } from 'node:net'

/** A port of the loopback that was free a moment ago. */
export async function findFreePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  return typeof address === 'object' ? address?.port ?? 0 : 0
}
