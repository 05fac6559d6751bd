/** A deployment that a person is about to start. Pure. */
import type { CreateDeployment, InstanceType, Stack } from '@neo-stack/events'
import type { simulatedFailures } from './stacks.ts'

/** What the form holds; empty means not said. */
export interface DeploymentDraft {
  stack: InstanceType
  name: string
  /** By the names of the fields, of whatever stack. */
  config: Record<string, string>
  /** A failure the simulation should show. */
  failure: (typeof simulatedFailures)[number] | ''
}

/** A form nobody has filled in. */
export function emptyDraft(): DeploymentDraft {
  return { stack: 'odoo', name: '', config: {}, failure: '' }
}

const valueOf = ({ config }: DeploymentDraft, name: string): string => config[name]?.trim() ?? ''

/** Fields of the chosen stack whose value the deployer would not accept. */
export function toFaultyFields(draft: DeploymentDraft, { fields }: Pick<Stack, 'fields'>): string[] {
  return fields.filter(({ name, pattern }) => valueOf(draft, name) !== '' && !new RegExp(pattern).test(valueOf(draft, name))).map(({ name }) => name)
}

/** The request: what was said, and only fields that the chosen stack has. */
export function toRequest(draft: DeploymentDraft, { fields }: Pick<Stack, 'fields'>): CreateDeployment {
  const { stack, name, failure } = draft
  const said = fields.map(field => [field.name, valueOf(draft, field.name)]).filter(([, value]) => value !== '')
  return {
    instanceType: stack,
    ...name.trim() !== '' && { name: name.trim() },
    config: { ...Object.fromEntries(said) as Record<string, string>, ...failure !== '' && { simulateFailure: failure } },
  }
}
