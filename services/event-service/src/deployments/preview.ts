/** What a deployment would change. Pure. */

import type { DeploymentJob, Preview } from '@neo-stack/events'

/** Makes the steps of a deployment. @throws {Problem} `unprocessable` with the field that the stack does not accept */
export type StepsOf = (wanted: Omit<DeploymentJob, 'deploymentId' | 'name'>) => Preview['steps']

/** Fields in which what is wanted differs from what is there, by name. */
export function changesOf(actual: DeploymentJob['config'], wanted: DeploymentJob['config']): Preview['changes'] {
  const fields = [...new Set([...Object.keys(actual), ...Object.keys(wanted)])].toSorted()
  return fields.filter(field => actual[field] !== wanted[field]).map(field => {
    const [from, to] = [actual[field], wanted[field]]
    return { field, ...from !== undefined && { from }, ...to !== undefined && { to } }
  })
}
