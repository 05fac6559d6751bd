/** Which driver deployments are carried out with: containers if a Docker API answers, else the labelled simulation. */

import { existsSync, readFileSync } from 'node:fs'
import { Problem, type StepsOf } from '@neo-stack/event-service'
import { buildPlan, catalogue, createSimulatedDriver, DeploymentFailure, entryOf, readCatalogueFile, type DeployerOptions } from '@neo-stack/stack-deployer'
import { parse } from 'yaml'
import { ConfigError, type Config } from './config.ts'
import { reasonOf } from './data-folder.ts'

/** Where Docker listens when nothing else is said. */
const LOCAL_SOCKET = '/var/run/docker.sock'

/** A driver and the stacks it deploys. */
export type Deploying = Required<Pick<DeployerOptions, 'driver' | 'catalogue'>>

/** Chooses the driver; `openKey` gives what instances' secrets are derived from. @throws {ConfigError} when Docker is asked for and does not answer, or the catalogue's file is not usable */
export async function chooseDriver({ deployer, dockerHost, instanceHost, catalogueFile }: Config, openKey: () => Uint8Array | Promise<Uint8Array>): Promise<Deploying> {
  const stacks = readCatalogue(catalogueFile)
  if (deployer !== 'simulation' && (dockerHost !== undefined || existsSync(LOCAL_SOCKET))) {
    // Loaded only here: most starts of the embedded column have no use for it.
    const { createDockerDriver, isDockerReachable } = await import('@neo-stack/stack-deployer/docker')
    if (await isDockerReachable()) {
      return { driver: createDockerDriver({ secretsKey: await openKey(), catalogue: stacks, bindAddress: instanceHost }), catalogue: stacks }
    }
  }
  if (deployer === 'docker') throw new ConfigError('NEO_DEPLOYER is docker, but no Docker API answers: start it, set DOCKER_HOST, or set NEO_DEPLOYER to simulation.')
  return { driver: createSimulatedDriver(), catalogue: stacks }
}

/** The stacks that can be deployed. @throws {ConfigError} when the catalogue's file is not usable */
export function readCatalogue(catalogueFile: string | undefined): Deploying['catalogue'] {
  return catalogueFile === undefined ? catalogue : readStacks(catalogueFile)
}

/** Makes the steps that previews show. */
export function createStepsOf(stacks: Deploying['catalogue']): StepsOf {
  return wanted => {
    try {
      return buildPlan(entryOf(stacks, wanted.instanceType), wanted).map(({ id, params, weight }) => ({ id, params, seconds: weight }))
    } catch (error) {
      if (!(error instanceof DeploymentFailure)) throw error
      const field = error.params['field']
      if (field === undefined) throw new Problem('unprocessable', { detail: 'The catalogue has no such stack.', errors: [{ path: 'instanceType', message: 'is not in the catalogue' }] })
      throw new Problem('unprocessable', { detail: 'The stack does not accept this configuration.', errors: [{ path: `config.${String(field)}`, message: 'is not accepted' }] })
    }
  }
}

/** YAML, of which JSON is a part. */
function readStacks(file: string): Deploying['catalogue'] {
  try {
    return readCatalogueFile(catalogue, parse(readFileSync(file, 'utf8')))
  } catch (error) {
    throw new ConfigError(`NEO_CATALOGUE ${file} cannot be used: ${reasonOf(error)}.`, { cause: error })
  }
}
