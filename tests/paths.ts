/** Where the process under test stands: the tests start it by its path, as a person does. */

import { join } from 'node:path'

/** `services/platform/src/main.ts` */
export const platformMain = join(import.meta.dirname, '../services/platform/src/main.ts')

/** `packages/client/bin/main.ts`: the command `neo`. */
export const neoMain = join(import.meta.dirname, '../packages/client/bin/main.ts')

/** `deploy/src/main.ts`: `npm run start:cluster`. */
export const clusterMain = join(import.meta.dirname, '../deploy/src/main.ts')
