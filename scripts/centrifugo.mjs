/** `npm run centrifugo`: builds the real Centrifugo that tests and benchmarks compare with, unless it is there; prints its path. */
import { buildCentrifugo } from '@neo-stack/testing/centrifugo'

const binary = await buildCentrifugo()
if ('path' in binary) console.log(binary.path)
else {
  console.error(binary.missing)
  process.exitCode = 1
}
