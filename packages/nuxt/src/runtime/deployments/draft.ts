/** A deployment that a person is about to start. Pure. */
import type { CreateDeployment, InstanceType } from '@neo-stack/events'
import type { simulatedFailures, StackField } from './stacks.ts'
import { stacks } from './stacks.ts'

/** What the form holds; empty means not said. */
export interface DeploymentDraft {
  stack: InstanceType
  name: string
  config: Record<StackField['name'], string>
  /** A failure the simulation should show. */
  failure: (typeof simulatedFailures)[number] | ''
}

/** A form nobody has filled in. */
export function emptyDraft(): DeploymentDraft {
  return { stack: 'odoo', name: '', config: { version: '', modules: '', adminUser: '' }, failure: '' }
}

/** Fields of the chosen stack whose value the deployer would not accept. */
export function toFaultyFields({ stack, config }: DeploymentDraft): StackField['name'][] {
  return stacks[stack].fields.filter(({ name, pattern }) => config[name] !== '' && !pattern.test(config[name].trim())).map(({ name }) => name)
}

/** The request: what was said, and only fields that the chosen stack has. */
export function toRequest({ stack, name, config, failure }: DeploymentDraft): CreateDeployment {
  const said = stacks[stack].fields.map(field => [field.name, config[field.name].trim()]).filter(([, value]) => value !== '')
  return {
    instanceType: stack,
    ...name.trim() !== '' && { name: name.trim() },
    config: { ...Object.fromEntries(said) as Record<string, string>, ...failure !== '' && { simulateFailure: failure } },
  }
}
