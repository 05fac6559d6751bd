/** The list of a deployment's steps: those behind it, the current one, those to come. Pure. */
import type { Deployment, Envelope, NextStep } from '@neo-stack/events'
import { isRunning } from './status.ts'

/** A step as events name it. */
export interface Step {
  id: string
  params: Record<string, string | number>
  /** The Portuguese sentence, where the event had one. */
  sentence?: string
  /** When it began, ISO 8601. */
  at?: string
}

/**
 * Where a step is: `broken` is the one a failed deployment stopped in and `cancelled` a cancelled one, `skipped` what came no more
 * after that; `kept` was carried out by an earlier try.
 */
export type StepState = 'kept' | 'done' | 'current' | 'broken' | 'cancelled' | 'skipped' | 'pending'

/** A step in its place. */
export interface PlacedStep extends Step {
  state: StepState
  /** Unique in the list. */
  key: string
  /** Seconds that it took, once it is over. */
  seconds?: number
}

/** What tells steps apart. */
export const keyOf = ({ id, params }: Step): string => `${id} ${JSON.stringify(params)}`

/** The step a deployment stands at. */
export function toCurrentStep({ step, params, currentStep }: Pick<Deployment, 'step' | 'params' | 'currentStep'>, at?: string): Step | undefined {
  return step === undefined ? undefined : { id: step, params: params ?? {}, ...currentStep !== undefined && { sentence: currentStep }, ...at !== undefined && { at } }
}

/** Adds a step unless it is the last one. Returns the same list when nothing changed. */
export function addStep(steps: readonly Step[], step: Step | undefined): readonly Step[] {
  const last = steps.at(-1)
  return !step || (last && keyOf(last) === keyOf(step)) ? steps : [...steps, step]
}

/** The steps that past events of one deployment name, in order. What an end says belongs to its reason, not to a step. */
export function toPastSteps(deploymentId: string, events: readonly (Pick<Envelope, 'type' | 'data'> & { time?: string })[]): readonly Step[] {
  return events
    .filter(({ type, data }) => data['deploymentId'] === deploymentId && (type === 'deployment_start' || type === 'deployment_progress'))
    .reduce<readonly Step[]>((steps, { data, time }) => addStep(steps, toCurrentStep(data as Partial<Deployment>, time)), [])
}

/** The steps that were still to come when a deployment last said so in past events. */
export function toPastLeft(deploymentId: string, events: readonly Pick<Envelope, 'type' | 'data'>[]): readonly NextStep[] {
  const last = events.findLast(({ type, data }) => data['deploymentId'] === deploymentId && type === 'deployment_progress')
  return (last?.data as Partial<Deployment> | undefined)?.nextSteps ?? []
}

/**
 * Places the seen steps and those to come around the deployment's current one.
 * @param left the steps that were still to come when it was last heard of
 */
export function placeSteps(deployment: Deployment, seen: readonly Step[], left: readonly NextStep[] = []): PlacedStep[] {
  const steps = isRunning(deployment) || seen.at(-1)?.id !== deployment.step ? addStep(seen, toCurrentStep(deployment)) : seen
  const last = steps.length - 1
  const placed = steps.map((step, index): PlacedStep => ({
    ...step, ...tookOf(step, steps[index + 1]?.at ?? deployment.finishedAt), key: `${index} ${step.id}`, state: index < last ? 'done' : lastState(deployment),
  }))
  const place = (list: readonly NextStep[], state: StepState): PlacedStep[] => list.map((step, index) => ({ ...toStep(step), key: `${state} ${index} ${step.id}`, state }))
  return [...place(deployment.keptSteps ?? [], 'kept'), ...placed, ...place(...toCome(deployment, left))]
}

function toCome(deployment: Deployment, left: readonly NextStep[]): [readonly NextStep[], StepState] {
  if (isRunning(deployment)) return [deployment.nextSteps ?? [], 'pending']
  return [deployment.status === 'completed' ? [] : left, 'skipped']
}

function tookOf({ at }: Step, end: string | undefined): { seconds?: number } {
  return at === undefined || end === undefined ? {} : { seconds: Math.max(0, (Date.parse(end) - Date.parse(at)) / 1000) }
}

function lastState(deployment: Deployment): StepState {
  if (isRunning(deployment)) return 'current'
  return deployment.status === 'completed' ? 'done' : deployment.status === 'cancelled' ? 'cancelled' : 'broken'
}

const toStep = ({ id, params }: NextStep): Step => ({ id, params })
