/** Every step of one deployment: those behind it come from history, the current one and those to come from its live state. */
import type { Deployment, NextStep } from '@neo-stack/events'
import type { ComputedRef, Ref } from 'vue'
import type { PlacedStep, Step } from '../deployments/steps.ts'
import { formatChannel } from '@neo-stack/events'
import { computed, onScopeDispose, shallowRef, watch } from 'vue'
import { useNeoClient } from '../client.ts'
import { isRunning } from '../deployments/status.ts'
import { addStep, keyOf, placeSteps, toCurrentStep, toPastLeft, toPastSteps } from '../deployments/steps.ts'

/** Most events read for the steps behind. */
const PAST_LIMIT = 1000

/**
 * Lists the steps of a deployment. Where history cannot be read, the list begins at the step that was current when it was opened.
 * @example
 * const steps = useDeploymentSteps('acme', deployment)
 */
export function useDeploymentSteps(tenantId: string, deployment: Ref<Deployment | undefined>): ComputedRef<PlacedStep[]> {
  const { rest } = useNeoClient()
  const past = shallowRef<readonly Step[]>([])
  const live = shallowRef<readonly Step[]>([])
  const left = shallowRef<readonly NextStep[]>([])
  const reading = new AbortController()
  onScopeDispose(() => { reading.abort() })

  const isKnown = computed(() => deployment.value !== undefined)
  watch(isKnown, async () => {
    if (!deployment.value) return
    const { deploymentId, createdAt, finishedAt } = deployment.value
    const channel = formatChannel('deployments', { tenantId })
    const range = { from: createdAt, ...finishedAt !== undefined && { to: finishedAt } }
    const page = await rest.events.history({ channel, ...range, after: 0, limit: PAST_LIMIT }, { signal: reading.signal }).catch(() => undefined)
    if (!page) return
    past.value = toPastSteps(deploymentId, page.events)
    if (left.value.length === 0) left.value = toPastLeft(deploymentId, page.events)
  }, { immediate: true })
  watch(deployment, now => {
    if (!now || !isRunning(now)) return
    live.value = addStep(live.value, toCurrentStep(now, now.updatedAt))
    left.value = now.nextSteps ?? []
  }, { immediate: true })

  return computed(() => deployment.value ? placeSteps(deployment.value, join(past.value, live.value), left.value) : [])
}

/** What was seen live continues what was read: the overlap is skipped. */
function join(past: readonly Step[], live: readonly Step[]): readonly Step[] {
  const last = past.at(-1)
  const overlap = last ? live.findLastIndex(step => keyOf(step) === keyOf(last)) : -1
  return live.slice(overlap + 1).reduce(addStep, past)
}
