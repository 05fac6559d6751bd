/** The exam that the demonstration starts with, scheduled for its candidate. Keys make a start that was cut short go on. */

import type { ExamCalls } from '@neo-stack/client'
import type { CreateExam } from '@neo-stack/events'

const exam: CreateExam = {
  title: 'Demonstração: operação da plataforma', seconds: 1200, passPercent: 60, idempotencyKey: 'demo:exam',
  questions: [
    { id: 'seq', text: 'O que diz um buraco em seq?', right: 1, choices: ['Que o evento foi apagado', 'Que falta um evento, a buscar no histórico', 'Nada: números podem faltar'] },
    { id: 'commit', text: 'Quando um evento publicado é confirmado a quem o publicou?', right: 2, choices: ['Ao chegar', 'Ao ser entregue a um leitor', 'Depois de gravado no banco'] },
    { id: 'tenant', text: 'O que vê quem pede algo de outro cliente?', right: 0, choices: ['404: não se diz que existe', '403: existe, mas não pode', 'Uma cópia sem os nomes'] },
    { id: 'timer', text: 'De quem é o relógio desta prova?', right: 0, choices: ['Do serviço', 'Deste navegador', 'Do fiscal'] },
    { id: 'cut', text: 'O que acontece com respostas dadas sem conexão?', right: 1, choices: ['Perdem-se', 'Ficam no navegador e são enviadas depois', 'Encerram a prova'] },
  ],
}

/** The demonstration's candidate, by name. */
const CANDIDATE = 'Candidate'

/** Adds the exam to a tenant, and schedules it where there is the candidate. */
export async function addDemoExams(exams: Pick<ExamCalls, 'create' | 'candidates' | 'schedule'>, tenantId: string): Promise<void> {
  const { id } = await exams.create(tenantId, exam)
  const { candidates } = await exams.candidates(tenantId)
  const candidate = candidates.find(({ name }) => name === CANDIDATE)
  if (candidate) await exams.schedule(tenantId, { examId: id, candidateId: candidate.id, idempotencyKey: 'demo:session' })
}
