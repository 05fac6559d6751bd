/** What events and errors say, in the reader's language: by message key where there is one, else the event's own sentence. */
import type { Deployment, NextStep } from '@neo-stack/events'
import type { Step } from '../deployments/steps.ts'
import type { AlertView } from '../metrics/alerts.ts'
import { useI18n } from 'vue-i18n'
import { toCurrentStep } from '../deployments/steps.ts'
import { toValueText, viewOf } from '../metrics/views.ts'
import { usePercent } from './use-percent.ts'
import { useTimes } from './use-times.ts'

/** What {@link useSentences} gives. */
export interface Sentences {
  /** A step, by its id. */
  ofStep: (step: Step | NextStep) => string
  /** The step a deployment stands at. */
  ofCurrentStep: (deployment: Pick<Deployment, 'step' | 'params' | 'currentStep'>) => string
  /** Why a deployment failed. */
  ofReason: (deployment: Pick<Deployment, 'messageKey' | 'reasonParams' | 'error'>) => string
  /** An alert: what its rule found, in the reader's language; else in its author's words. */
  ofAlert: (alert: Pick<AlertView, 'message' | 'messageKey' | 'params'>) => string
  /** An `ApiError` or a feed's fault, by its code; anything else as an internal error. */
  ofError: (error: unknown) => string
}

/** Sentences for readers; follows the language. */
export function useSentences(): Sentences {
  const { t, te, tm, locale } = useI18n()
  const { toDuration } = useTimes()
  const toPercent = usePercent(0)
  const find = (keys: readonly string[]): string | undefined => keys.find(key => te(key))
  /** Whether an event says all that a message needs. */
  const isFilled = (key: string, params: Readonly<Record<string, unknown>> = {}): boolean =>
    [...String(tm(key)).matchAll(/\{(\w+)\}/g)].every(([, name = '']) => name in params)

  const ofStep: Sentences['ofStep'] = ({ id, params, ...rest }) => {
    const key = find([`step.${id}`, `next.${id}`])
    const sentence = 'sentence' in rest ? rest.sentence : undefined
    if (key === undefined || (sentence !== undefined && !isFilled(key, params))) return sentence ?? id
    return t(key, params)
  }
  /** The figure that a rule watches by its name, its values in its unit; of absence, for how long. */
  const toFigures = ({ metric, kind, ...values }: Readonly<Record<string, unknown>> = {}): Record<string, string> => {
    const isKnown = typeof metric === 'string' && te(`alerts.figure.${metric}`)
    const name = isKnown ? t(`alerts.figure.${metric}`) : undefined
    const toText = (value: number): string => metric === undefined ? toDuration(value)
      : isKnown ? toValueText(viewOf(metric), value, { language: locale.value, toDuration, toPercent }) : value.toLocaleString(locale.value)
    return {
      ...name !== undefined && { metric: kind === 'rate' ? t('alerts.growth', { metric: name }) : name },
      ...Object.fromEntries(['value', 'threshold'].flatMap(key => typeof values[key] === 'number' ? [[key, toText(values[key])]] : [])),
    }
  }
  return {
    ofStep,
    ofCurrentStep: deployment => {
      const step = toCurrentStep(deployment)
      return step ? ofStep(step) : deployment.currentStep ?? ''
    },
    ofReason: ({ messageKey, reasonParams: params, error }) => {
      const key = messageKey === undefined ? undefined : find([`reason.${messageKey}`])
      if (key === undefined || (error !== undefined && !isFilled(key, params))) return error ?? ''
      const step = params?.['step']
      return t(key, { ...params, ...typeof step === 'string' && { step: ofStep({ id: step, params: params ?? {} }) } })
    },
    ofAlert: ({ message, messageKey, params }) => {
      const key = messageKey === undefined ? undefined : find([`alerts.${messageKey}`])
      if (key === undefined || !isFilled(key, params)) return message
      return t(key, { ...params, ...toFigures(params) })
    },
    ofError: error => {
      const code = (error as { code?: unknown } | null | undefined)?.code
      return t(find([`error.${String(code)}`]) ?? 'error.internal')
    },
  }
}
