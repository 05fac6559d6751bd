/** What a catalogue entry says about a stack; entries are data, `plan.ts` makes steps of them. */

import type { DeploymentKind, InstanceType } from '@neo-stack/events'
import type { MessageParams, StepId } from '../steps.ts'

/** A step that belongs to a service; `{field}` in a parameter stands for a configuration field. */
export interface StepSpec {
  id: StepId
  params?: MessageParams
  /** Expected seconds. */
  weight: number
  /** Kinds that need it. */
  kinds: readonly DeploymentKind[]
}

/** One container of a stack. */
export interface ServiceSpec {
  name: string
  /** Image with its pinned tag; `{field}` stands for a configuration field. */
  image: string
  /** Expected seconds of the pull. */
  pull: number
  /** Expected seconds from start to accepting connections. */
  start: number
  port: number
  /** Services that must run before. */
  needs: readonly string[]
  volumes: readonly string[]
  /** What happens once its needs run, before it is started. */
  before: readonly StepSpec[]
  /** What happens once it runs. */
  after: readonly StepSpec[]
}

/** A field of the configuration that the stack knows; others are ignored. */
export interface ConfigField {
  default: string
  /** Accepted values as a whole. */
  pattern: RegExp
}

/** A stack that can be deployed. */
export interface CatalogueEntry {
  type: InstanceType
  /** The service that a person opens: it is health-checked and gets the route. */
  front: string
  /** Expected seconds until the front is healthy. */
  health: number
  config: Readonly<Record<string, ConfigField>>
  /** Whether services talk TLS with certificates of their own. */
  certificates: boolean
  services: readonly ServiceSpec[]
}
