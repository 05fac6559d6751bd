/** The deployer as a process of its own in the scale-out column: takes jobs out of the shared queue, and tells over HTTP only how it is. */

import { createEventService } from '@neo-stack/event-service'
import { createDeployer } from '@neo-stack/stack-deployer'
import { ConfigError, type Config } from './config.ts'
import { openDataFolder } from './data-folder.ts'
import { tellDeployerFault } from './logs.ts'
import { listenToOwner } from './owner.ts'
import { chooseDriver } from './driver.ts'
import type { Again, Closable } from './keep-started.ts'
import { openScaleOut } from './scale-out.ts'
import { openSharedInstanceKey } from './secrets.ts'

/**
 * Starts it. Jobs are leased: one whose deployer died is taken by another when its time is over, so none is recovered here.
 * @returns how to stop it: no more jobs are taken, running ones go back to the queue
 */
export async function startDeployerProcess(config: Config, again: Again): Promise<Closable> {
  if (!config.scaleOut) throw new ConfigError('A deployer of its own needs DATABASE_URL, REDIS_URL, CENTRIFUGO_URL and CENTRIFUGO_API_KEY; embedded, the platform deploys by itself.')
  const folder = openDataFolder(config.dataDir)
  const parts = await openScaleOut(config, config.scaleOut)
  const deploying = await chooseDriver(config, () => openSharedInstanceKey(parts.database, folder))
  const service = await createEventService({
    ...parts, logger: parts.logs.of('http'), backgroundLogger: parts.logs.of('background'), onlyHealth: true,
    readInstance: (instance, at) => deploying.driver.stats(instance, at), ...config.metricsToken !== undefined && { metricsToken: config.metricsToken },
  })
  const deployer = createDeployer({
    ...deploying, queue: service.jobs.boss, platform: service.deployments, onError: tellDeployerFault(parts.logs),
  })
  const { initialAccount, readLog } = deploying.driver
  await service.jobs.accounts.answer(async instance => initialAccount?.(instance))
  await service.jobs.instanceLogs.answer(async ({ wanted, ...instance }) => readLog?.(instance, wanted))
  await deployer.start()
  await service.app.listen({ host: config.host, port: config.port })
  const forget = await listenToOwner(folder, { parts, isShared: true, again })
  const close = async (): Promise<void> => {
    forget()
    await deployer.stop()
    await service.close()
    await parts.close()
    folder.unlock()
  }
  return { close }
}
