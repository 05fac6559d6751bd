/**
 * An exam in real browsers against the real process: a candidate and two proctors, each in a browser of their own. The candidate's
 * connection is cut, the page is loaded anew, the process is killed with -9 at the submission.
 */

import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '@neo-stack/testing'
import type { Page } from 'playwright-core'
import { chromiumPath, isRequired, seriousFindings, type Watched } from './browser.ts'
import { openStage, type Stage } from './stage.ts'

const SECONDS = 600
const questions = ['a', 'b', 'c', 'd'].map(id => ({ id, text: `Pergunta ${id}`, choices: ['Um', 'Dois', 'Três'], right: 1 }))

/** Each time the shown second changes: what is shown, and when on a clock that the page's own does not touch. Runs in the page. */
function watchTimer(): void {
  const scope = globalThis as unknown as { flips: [number, number][], MutationObserver: new (call: () => void) => { observe: (node: unknown, options: object) => void }, document: { body: unknown, querySelector: (selector: string) => { getAttribute: (name: string) => string | null } | null }, performance: { timeOrigin: number, now: () => number } }
  scope.flips = []
  let shown = ''
  const look = (): void => {
    const seconds = scope.document.querySelector('[data-testid=exam-timer]')?.getAttribute('data-seconds') ?? ''
    if (seconds !== '' && shown !== '' && seconds !== shown) scope.flips.push([Number(seconds), scope.performance.timeOrigin + scope.performance.now()])
    shown = seconds
  }
  new scope.MutationObserver(look).observe(scope.document.body, { subtree: true, childList: true, attributes: true, characterData: true })
}

/** Sets the page's clock wrong by an hour: nothing that is shown may follow it. Runs in the page. */
function setClockWrong(): void {
  const { now } = Date
  Date.now = () => now() + 3_600_000
}

interface Session { id: string, status: string, deadline?: string, submittedAt?: string, by?: string, answered: number, result?: { percent: number, passed: boolean } }

describe.skipIf(!chromiumPath && !isRequired)(`an exam${chromiumPath ? '' : ' (skipped: needs chromium)'}`, () => {
  let stage: Stage
  let candidate: Watched
  let proctors: [Watched, Watched]
  let sessionId: string
  let key: string

  const get = async <T>(route: string): Promise<T> => {
    const answer = await fetch(stage.platform.url + route, { headers: { authorization: `Bearer ${key}` } })
    return await answer.json() as T
  }
  const session = async (): Promise<Session> => (await get<{ session: Session }>(`/v1/tenants/acme/exams/sessions/${sessionId}`)).session
  const at = (to = ''): string => `${stage.platform.url}/certification/${to}`
  const row = (page: Page): ReturnType<Page['locator']> => page.locator(`[data-testid=exam-session][data-session="${sessionId}"]`)
  const choose = (id: string, place: number): Promise<void> => candidate.page.getByTestId(`choice-${id}-${place}`).check()
  const hasSaveState = (state: string): Promise<void> => candidate.page.locator(`[data-testid=save-state][data-state=${state}]`).waitFor({ timeout: 30_000 })
  const answeredAt = (proctor: Watched, count: number): Promise<void> => row(proctor.page).getByTestId('answered').filter({ hasText: `${count} de 4` }).waitFor({ timeout: 30_000 })

  /** For the guide, where it is asked for. */
  const picture = async (page: Page, name: string): Promise<void> => {
    if (process.env['NEO_PICTURES'] !== '1') return
    await page.screenshot({ path: path.join(import.meta.dirname, `../../docs/guide/images/pages/certification-${name}.jpg`), type: 'jpeg', quality: 72, animations: 'disabled' })
  }

  /** How far what a page shows is from the truth, in milliseconds: the median of five seconds, as one that gets no processor shows a single second late. */
  const driftOf = async ({ page }: Watched): Promise<number> => {
    const { deadline = '' } = await session()
    await page.evaluate(watchTimer)
    const flips = await until(async () => {
      const all = await page.evaluate(() => (globalThis as unknown as { flips: [number, number][] }).flips)
      return all.length >= 5 && all
    }, { timeoutMs: 30_000 })
    return flips.map(([seconds, time]) => Math.abs(Date.parse(deadline) - time - seconds * 1000)).toSorted((one, other) => one - other)[2] ?? Number.POSITIVE_INFINITY
  }

  beforeAll(async () => {
    stage = await openStage(3)
    key = stage.platform.demo.apiKeys.find(({ tenantId }) => tenantId === 'acme')?.key ?? ''
    const { candidates } = await get<{ candidates: { id: string, name: string }[] }>('/v1/tenants/acme/exams/candidates')
    const exam = await stage.ask('acme', '/v1/tenants/acme/exams', { title: 'Certificação em redes', seconds: SECONDS, passPercent: 50, questions }) as { id: string }
    const made = await stage.ask('acme', '/v1/tenants/acme/exams/sessions', { examId: exam.id, candidateId: candidates.find(({ name }) => name === 'Candidate')?.id }) as Session
    sessionId = made.id
    proctors = [await stage.enter('proctor@acme.example', { portal: 'certification', browser: 1 }), await stage.enter('manager@acme.example', { portal: 'certification', browser: 2 })]
    candidate = await stage.enter('candidate@acme.example', { portal: 'certification' })
    await candidate.page.addInitScript(setClockWrong)
  }, 600_000)
  afterAll(() => stage?.close())

  it('begins, and both proctors see it with its time, right to 250 ms although the candidate\'s clock is an hour off', async () => {
    await proctors[1].page.goto(at('settings'))
    await proctors[1].page.getByTestId('notice-exams').waitFor()
    await candidate.page.goto(at(`sessions/${sessionId}`))
    await candidate.page.getByTestId('start-exam').click()
    await proctors[1].page.getByText('Candidate começou').first().waitFor()
    await candidate.page.getByTestId('questions').waitFor()
    await proctors[1].page.goto(at())
    await row(proctors[1].page).filter({ hasText: 'Online' }).waitFor()
    for (const { page } of proctors) await row(page).locator('[data-testid=session-status][data-status=started]').waitFor()
    // The board has other sessions' timers too: the session's own page has this one only.
    await proctors[0].page.goto(at(`sessions/${sessionId}`))
    await proctors[0].page.getByTestId('exam-timer').waitFor()
    expect(await driftOf(candidate)).toBeLessThanOrEqual(250)
    expect(await driftOf(proctors[0])).toBeLessThanOrEqual(250)
    await proctors[0].page.goto(at())
  }, 120_000)

  it('keeps answers that are given without a connection, through a reload, and acknowledges them once it is back', async () => {
    await choose('a', 1)
    await hasSaveState('saved')
    for (const proctor of proctors) await answeredAt(proctor, 1)
    await candidate.context.setOffline(true)
    await choose('b', 1)
    await choose('c', 0)
    await hasSaveState('waiting')
    expect((await session()).answered).toBe(1)
    await candidate.context.setOffline(false)
    await candidate.page.reload()
    await hasSaveState('saved')
    expect(await candidate.page.getByTestId('choice-c-0').isChecked()).toBe(true)
    await picture(candidate.page, 'taking')
    await picture(proctors[0].page, 'running')
    for (const proctor of proctors) await answeredAt(proctor, 3)
    expect(await driftOf(candidate)).toBeLessThanOrEqual(250)
  }, 120_000)

  it('is submitted once although the process is killed with -9 at the submission, and both proctors see the same', async () => {
    await choose('d', 1)
    await candidate.page.getByTestId('submit-exam').click()
    const isAsked = candidate.page.waitForRequest(request => request.url().endsWith('/submit'))
    await candidate.page.getByTestId('confirm-submit').click()
    await isAsked
    await stage.platform.kill()
    await stage.platform.restart()
    await candidate.page.locator('[data-testid=session-facts][data-status=submitted]').waitFor({ timeout: 60_000 })
    await candidate.page.getByTestId('result').filter({ hasText: '75%' }).waitFor({ timeout: 30_000 })
    expect(await session()).toMatchObject({ status: 'submitted', by: 'candidate', answered: 4, result: { percent: 75, passed: true } })
    const { events } = await get<{ events: { type: string, seq: number, data: { sessionId: string } }[] }>('/v1/history?channel=tenant:acme:certification&limit=1000')
    const types = events.filter(({ data }) => data.sessionId === sessionId).map(({ type }) => type)
    expect(types.filter(type => type !== 'exam_saved')).toEqual(['exam_scheduled', 'exam_started', 'exam_submitted', 'exam_result'])
    const seen = await Promise.all(proctors.map(async ({ page }) => {
      await row(page).getByTestId('percent').filter({ hasText: '75%' }).waitFor({ timeout: 60_000 })
      return (await row(page).innerText()).replaceAll(/\s+/g, ' ').replace(/ · (?:Online|Ausente|Offline|Ocupado)[^·]*?(?= \d+ de)/, '')
    }))
    expect(seen[0]).toBe(seen[1])
    const [, { page }] = proctors
    await row(page).getByRole('link').click()
    await page.getByRole('link', { name: 'Ver no histórico' }).click()
    await page.getByTestId('history-event').filter({ hasText: 'Prova entregue' }).first().waitFor({ timeout: 30_000 })
    await page.goto(at())
  }, 180_000)

  it('is ended by a proctor with a reason that its candidate reads', async () => {
    const [proctor] = proctors
    const [demo] = (await get<{ sessions: (Session & { title: string })[] }>('/v1/tenants/acme/exams/sessions')).sessions.filter(({ status }) => status === 'scheduled')
    await candidate.page.goto(at(`sessions/${demo?.id ?? ''}`))
    await candidate.page.getByTestId('start-exam').click()
    await candidate.page.getByTestId('questions').waitFor()
    await proctor.page.goto(at(`sessions/${demo?.id ?? ''}`))
    await proctor.page.getByTestId('end-open').click()
    await proctor.page.getByTestId('end-reason').fill('Falta de luz na sala')
    await proctor.page.getByTestId('end-confirm').click()
    await candidate.page.getByTestId('end-said').filter({ hasText: 'Falta de luz na sala' }).waitFor({ timeout: 30_000 })
    expect([...candidate.errors, ...proctors.flatMap(({ errors }) => errors)]).toEqual([])
    expect([...candidate.foreign, ...proctors.flatMap(({ foreign }) => foreign)]).toEqual([])
  }, 120_000)

  it('is written with its candidate and proctor, withdrawn after saying what will happen, and scheduled again by the notice', async () => {
    const [{ page }] = proctors
    // A second try finds a fresh one.
    const title = `Segurança ${Date.now().toString(36)}, nível 1`
    await page.goto(at('exams'))
    await page.getByTestId('exam-new').click()
    await page.getByTestId('exam-title').fill(title)
    // Half written it outlives another page and a reload.
    await page.getByRole('link', { name: 'Provas' }).first().click()
    await page.getByTestId('exam-new').click()
    await page.getByTestId('exam-kept').waitFor()
    await page.reload()
    expect(await page.getByTestId('exam-title').inputValue()).toBe(title)
    await page.getByTestId('exam-minutes').fill('30')
    await page.getByTestId('exam-candidates').getByText('Candidate', { exact: true }).click()
    await page.getByTestId('exam-watchers').getByText('Proctor', { exact: true }).click()
    await page.getByTestId('add-question').click()
    for (const question of [page.getByTestId('question').first(), page.getByTestId('question').last()]) {
      await question.getByTestId('question-text').fill('O que protege?')
      for (const place of [0, 1]) await question.getByTestId(`choice-${place}`).fill(`Isto ${place}`)
      await question.getByTestId('right-1').check()
    }
    await page.getByTestId('exam-create').click()
    const exam = page.getByTestId('exam').filter({ hasText: title })
    await exam.getByTestId('exam-proctors').filter({ hasText: 'Proctor' }).waitFor()
    const ahead = exam.getByTestId('exam-ahead')
    await ahead.waitFor()
    const ofCandidate = candidate.page.getByTestId('exam-session').filter({ hasText: title })
    await candidate.page.goto(at())
    await ofCandidate.locator('[data-status=scheduled]').waitFor()
    await ahead.getByRole('button', { name: 'Retirar' }).click()
    await page.locator('dialog[open]').filter({ hasText: `Candidate não poderá mais começar “${title}”` }).getByTestId('confirm').click()
    await ofCandidate.locator('[data-status=withdrawn]').waitFor()
    await page.getByRole('listitem').filter({ hasText: 'foi retirada' }).getByRole('button', { name: 'Desfazer' }).click()
    await ofCandidate.locator('[data-status=scheduled]').waitFor()
    await ofCandidate.getByRole('link').click()
    await candidate.page.getByTestId('start-exam').click()
    await candidate.page.getByTestId('questions').waitFor()
    await ahead.waitFor({ state: 'detached' })
  }, 60_000)

  it.each([['light', 1440], ['dark', 360]] as const)('has no accessibility finding and nothing too wide, for both: %s, %i px', async (colorScheme, width) => {
    for (const email of ['candidate@acme.example', 'proctor@acme.example']) {
      const { page, context } = await stage.enter(email, { portal: 'certification', colorScheme, width })
      for (const to of ['', `sessions/${sessionId}`]) {
        await page.goto(at(to))
        await page.locator('main h1').first().waitFor()
        await page.locator('main .animate-pulse').first().waitFor({ state: 'detached' })
        expect({ to, findings: await seriousFindings(page) }).toEqual({ to, findings: [] })
        expect({ to, tooWide: Number(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')) > 0 }).toEqual({ to, tooWide: false })
      }
      await context.close()
    }
  }, 120_000)
})
