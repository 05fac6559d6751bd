/** The test kit against a cluster that runs: its own parts, asked through the gateway. */

import { afterAll, describe, expect, test } from 'vitest'
import { connectTestPlatform } from '@neo-stack/testing'
import { describeKit } from '../kit/story.ts'
import { startCluster, type Cluster } from './cluster.ts'
import { isLeftOut } from './left-out.ts'

describe.skipIf(isLeftOut)('the kit on a cluster', () => {
  let cluster: Cluster | undefined
  afterAll(async () => { await cluster?.stop() })

  describeKit(async () => {
    cluster = await startCluster()
    return connectTestPlatform(cluster)
  })

  test('leaves the cluster running when it stops', async () => {
    expect((await fetch(`${cluster?.url}/livez`)).status).toBe(200)
  })
})
