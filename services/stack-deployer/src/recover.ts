/** Jobs whose worker is gone: back into the queue, so that the next worker continues or gives the deployment up with a reason. */

import { DEPLOYMENT_QUEUE } from '@neo-stack/events'

const PAGE = 500

/** A stored job. */
export interface StoredJob {
  id: string
  state: string
}

/** The part of a job queue that recovery needs; pg-boss 12 is one. */
export interface JobStore {
  getQueue(queue: string): Promise<{ policy?: string } | null>
  getBlockedKeys(queue: string): Promise<string[]>
  findJobs(queue: string, options: { key?: string, after?: string, limit?: number }): Promise<StoredJob[]>
  fail(queue: string, ids: string[], reason: object): Promise<unknown>
  retry(queue: string, ids: string[]): Promise<unknown>
}

/**
 * Puts every job that a dead process left active back into the queue, at once instead of when its time is over.
 * Only the process that holds the data folder's lock, and before any worker starts, may call it: there nobody else can be running a job.
 * @returns the number of jobs that will run again
 */
export async function recoverJobs(queue: JobStore): Promise<number> {
  const active = await idsIn(queue, 'active')
  if (active.length > 0) await queue.fail(DEPLOYMENT_QUEUE, active, { message: 'the process that ran it is gone' })
  return active.length + await retryFailed(queue, await idsIn(queue, 'failed'))
}

/**
 * Gives jobs that the queue has given up another try: in a strictly ordered queue such a job holds all later ones of its instance up, and
 * its deployment has not been told an end. The worker ends it as `worker_lost`. Safe while workers run.
 * @returns the number of jobs
 */
export async function retryBlockedJobs(queue: JobStore): Promise<number> {
  if ((await queue.getQueue(DEPLOYMENT_QUEUE))?.policy !== 'key_strict_fifo') return 0
  const keys = await queue.getBlockedKeys(DEPLOYMENT_QUEUE)
  let retried = 0
  for (const key of keys) retried += await retryFailed(queue, await idsIn(queue, 'failed', key))
  return retried
}

async function retryFailed(queue: JobStore, ids: string[]): Promise<number> {
  if (ids.length > 0) await queue.retry(DEPLOYMENT_QUEUE, ids)
  return ids.length
}

async function idsIn(queue: JobStore, state: string, key?: string): Promise<string[]> {
  const found: string[] = []
  let after: string | undefined
  while (true) {
    const page = await queue.findJobs(DEPLOYMENT_QUEUE, { limit: PAGE, ...(key === undefined ? {} : { key }), ...(after === undefined ? {} : { after }) })
    found.push(...page.filter(job => job.state === state).map(({ id }) => id))
    after = page.at(-1)?.id
    if (page.length < PAGE) return found
  }
}
