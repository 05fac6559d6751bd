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
  /** What carries it out in containers. */
  run: StepCommand
}

/**
 * A command in a container: `exec` runs in the service's own one, `once` in one of the same image that ends with it. `{field}`
 * stands for a configuration field, `{secret:name}` for a secret of the instance. Running it again must do no harm.
 */
export interface StepCommand {
  in: 'exec' | 'once'
  service: string
  command: readonly string[]
}

/** How a service's container is made; placeholders as in {@link StepCommand}. */
export interface ContainerSpec {
  /** Instead of the image's own command. */
  command?: readonly string[] | undefined
  environment: Readonly<Record<string, string>>
  /** Secrets that are put at `/run/secrets/<name>`. */
  secrets: readonly string[]
  /** Path in the container per volume. */
  mounts: Readonly<Record<string, string>>
  /** A command that ends with 0 once the service is healthy, and for how many seconds that is waited for; without one it has to run. */
  probe?: { command: readonly string[], seconds: number } | undefined
  /** Upper limit. */
  memoryMiB: number
  cpus: number
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
  container: ContainerSpec
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

/** Entries by the name of their stack. */
export type Catalogue = Readonly<Record<InstanceType, CatalogueEntry>>

/** A stack that can be deployed. */
export interface CatalogueEntry {
  type: InstanceType
  /** Its proper name. */
  label: string
  /** The service that a person opens: it is health-checked and gets the route. */
  front: string
  /** Expected seconds until the front is healthy. */
  health: number
  config: Readonly<Record<string, ConfigField>>
  /** The account that a person signs in with first: its name (placeholders as in {@link StepCommand}) and the secret that is its password. Missing where there is none. */
  admin?: { user: string, secret: string } | undefined
  /** Makes the certificates of services that talk TLS among themselves. */
  certificates?: StepCommand | undefined
  services: readonly ServiceSpec[]
}
