/** The tenant portal's own sentences. */
import type { Messages } from './pt-br.ts'

export const en: Messages = {
  tenant: {
    deployments: 'Deployments',
    instances: 'Instances',
    noInstances: 'No instances yet',
    noInstancesHint: 'An instance shows here once its first deployment begins.',
    instancesFailed: 'Instances could not be loaded',
    missing: 'Deployment not found',
    missingHint: 'It does not exist or does not belong to your account.',
  },
}
