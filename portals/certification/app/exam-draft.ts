/** An exam as it is written, before it is added. Pure. */
import type { CreateExam } from '@neo-stack/events'

/** A question as it is written; `right` is the place of the right choice. */
export interface DraftQuestion {
  text: string
  choices: string[]
  right: number
}

/** What the form holds; `opensAt` as a field of the browser's says it. */
export interface ExamDraft {
  title: string
  minutes: number
  passPercent: number
  opensAt: string
  candidateIds: string[]
  proctorIds: string[]
  questions: DraftQuestion[]
}

/** Choices that a question may have. */
export const CHOICES = { min: 2, max: 10 } as const

/** A question that nothing is written of yet. */
export const emptyQuestion = (): DraftQuestion => ({ text: '', choices: ['', ''], right: 0 })

/** An exam that nothing is written of yet. */
export const emptyExam = (): ExamDraft => ({ title: '', minutes: 60, passPercent: 60, opensAt: '', candidateIds: [], proctorIds: [], questions: [emptyQuestion()] })

/** The question without one of its choices; the right one stays the right one, or else the first is. */
export function withoutChoice({ choices, right, ...question }: DraftQuestion, place: number): DraftQuestion {
  return { ...question, choices: choices.filter((_, index) => index !== place), right: place === right ? 0 : place < right ? right - 1 : right }
}

/** What is sent. @param toIso makes a time of what the browser's field says */
export function toCreateExam({ title, minutes, opensAt, passPercent, candidateIds, proctorIds, questions }: ExamDraft, toIso: (local: string) => string = local => new Date(local).toISOString()): CreateExam {
  return {
    title: title.trim(), seconds: Math.round(minutes * 60), passPercent,
    questions: questions.map(({ text, choices, right }, index) => ({ id: `q${index + 1}`, text: text.trim(), choices: choices.map(choice => choice.trim()), right })),
    ...candidateIds.length > 0 && { candidateIds, ...opensAt !== '' && { opensAt: toIso(opensAt) } }, ...proctorIds.length > 0 && { proctorIds },
  }
}

/** What was kept of a form as text; `undefined` where it is none that this form can hold. */
export function readDraft(text: string | null): ExamDraft | undefined {
  try {
    const kept: unknown = JSON.parse(text ?? '')
    if (typeof kept !== 'object' || kept === null) return undefined
    const draft: ExamDraft = { ...emptyExam(), ...kept }
    return isDraft(draft) ? draft : undefined
  } catch {
    return undefined
  }
}

function isDraft({ title, opensAt, candidateIds, proctorIds, questions }: ExamDraft): boolean {
  const areTexts = (all: unknown): boolean => Array.isArray(all) && all.every(one => typeof one === 'string')
  return areTexts([title, opensAt]) && areTexts(candidateIds) && areTexts(proctorIds)
    && Array.isArray(questions) && questions.length > 0 && questions.every(({ text, choices, right }) => areTexts([text]) && areTexts(choices) && Number.isInteger(right))
}
