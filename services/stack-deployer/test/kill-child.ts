/**
 * A worker that carries out one deployment over a Docker API, to be ended with SIGKILL: its platform is the parent, asked over the
 * channel between the two. Arguments: the API's socket, and what to run as JSON.
 */

import Docker from 'dockerode'
import { DeploymentPublisher, type AppendLogs, type Deployment, type LogsAppended, type NewEvent, type Published } from '@neo-stack/events'
import { createDockerDriver } from '../src/drivers/docker.ts'
import { DeploymentService, readCatalogueFile } from '../src/index.ts'
import { Problem } from './fake-platform.ts'
import type { Answer, Run } from './kill.test.ts'

const [socketPath = '', json = '{}'] = process.argv.slice(2)
const { job, attempt, file } = JSON.parse(json) as Run
const waiting = new Map<number, { resolve: (result: unknown) => void, reject: (error: Error) => void }>()
let asked = 0

function ask<Result>(what: string, argument?: unknown): Promise<Result> {
  const id = ++asked
  process.send?.({ id, what, argument })
  return new Promise((resolve, reject) => { waiting.set(id, { resolve: resolve as (result: unknown) => void, reject }) })
}

process.on('message', ({ id, result, code }: Answer) => {
  const question = waiting.get(id)
  waiting.delete(id)
  if (code === undefined) question?.resolve(result)
  else question?.reject(new Problem(code))
})

const catalogue = readCatalogueFile({}, file)
const service = new DeploymentService({
  catalogue, driver: createDockerDriver({ docker: new Docker({ socketPath }), secretsKey: Buffer.alloc(32, 7), catalogue, probeEveryMs: 100, stopSeconds: 0 }),
  platform: {
    publisher: new DeploymentPublisher((event: NewEvent) => ask<Published>('publish', event)),
    appendLogs: (_tenant, _deployment, lines: AppendLogs) => ask<LogsAppended>('append', lines),
    getDeployment: () => ask<Deployment | undefined>('get'),
  },
})
await service.run(job, { attempt })
process.disconnect()
