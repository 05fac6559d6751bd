/** Platforms for tests, one after the other in one process: what each took, in milliseconds, as one line of JSON. */

import { createTestPlatform } from '@neo-stack/testing'

const times: { started: number, stopped: number }[] = []
for (let count = Number(process.argv[2] ?? 10); count > 0; count--) {
  const before = performance.now()
  const platform = await createTestPlatform()
  const started = performance.now() - before
  await platform.client('member')
  const used = performance.now()
  await platform.stop()
  times.push({ started, stopped: performance.now() - used })
}
process.stdout.write(`${JSON.stringify(times)}\n`)
