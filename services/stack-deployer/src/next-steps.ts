/** What a person does next after the end of a deployment. Pure. */

import type { DeploymentKind, NextStep } from '@neo-stack/events'
import type { NextStepId } from './steps.ts'

const next = (id: NextStepId, url?: string): NextStep => ({ id, params: {}, ...(url === undefined ? {} : { url }) })

/** After success: a new instance has to be taken over, an existing one only opened, a deleted one nothing. */
export function afterSuccess(kind: DeploymentKind, url: string): NextStep[] {
  if (kind === 'delete') return []
  if (kind !== 'create') return [next('open_instance', url)]
  return [next('open_instance', url), next('change_password', url), next('invite_team'), next('set_up_backups')]
}

/** After failure. */
export function afterFailure(): NextStep[] {
  return [next('see_logs'), next('retry_deployment')]
}
