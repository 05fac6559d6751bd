import type { BillingPreferences as Preferences, BillingRecords, InboxState, Notification, PutBillingPreferences } from '@neo-stack/events'
import type { VueWrapper } from '@vue/test-utils'
import type { App } from './kit/app.ts'
import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { toGroups, toSeverity } from '../src/runtime/billing/looks.ts'
import { standForSpeaker, type Looked, type SpeakerLocks } from '../src/runtime/billing/spokesman.ts'
import BillingInvoice from '../src/runtime/components/BillingInvoice.vue'
import BillingNotifications from '../src/runtime/components/BillingNotifications.vue'
import BillingOverview from '../src/runtime/components/BillingOverview.vue'
import BillingPreferences from '../src/runtime/components/BillingPreferences.vue'
import { useBillingEvents } from '../src/runtime/composables/use-billing-events.ts'
import { createApp } from './kit/app.ts'
import { member } from './kit/fake-client.ts'

const toNotification = (n: number, patch: Partial<Notification> = {}): Notification => ({
  id: `n-${n}`, type: 'billing_invoice', status: 'pending', message: 'Nova fatura', amountMinor: 1990, currency: 'BRL', read: false, state: 'unread',
  time: '2026-01-05T12:00:00.000Z', data: { invoiceId: `inv-${n}` }, ...patch,
})
const byTestId = (name: string): string => `[data-testid="${name}"]`

/** An app whose service keeps an inbox. */
async function createInboxApp(inbox: Notification[], code: 'pt-BR' | 'es' | 'en' = 'pt-BR'): Promise<App> {
  const app = await createApp(code)
  app.fake.setSession({ state: 'signed-in', user: { ...member, id: '0190a000-0000-7000-8000-000000000001' } })
  const set: string[] = []
  const unread = (): number => inbox.filter(({ state }) => state === 'unread').length
  const put = (id: string, state: InboxState): void => { inbox.splice(0, inbox.length, ...inbox.map(one => one.id === id ? { ...one, state, read: state !== 'unread' } : one)) }
  Object.assign(app.fake.client.rest, {
    billing: {
      notifications: vi.fn(async (_tenant: string, { state }: { state?: InboxState }) => ({ items: inbox.filter(one => state === undefined ? one.state !== 'archived' : one.state === state), unread: unread() })),
      mark: vi.fn(async ({ id, state }: { id: string, state: InboxState }) => { put(id, state); return { unread: unread() } }),
      readAll: vi.fn(async () => { for (const { id, state } of [...inbox]) if (state === 'unread') { put(id, 'read'); set.push(id) } return { unread: 0, mark: 'mark-1' } }),
      undoReadAll: vi.fn(async () => { for (const id of set.splice(0)) put(id, 'unread'); return { unread: unread() } }),
      see: vi.fn(async () => undefined),
      ...keepPreferences(),
    },
  })
  return app
}

/** A service that keeps preferences. */
function keepPreferences(): object {
  const names = ['invoices', 'payments', 'plan', 'usage', 'subscription'] as const
  let kept: Preferences = {
    categories: Object.fromEntries(names.map(name => [name, { app: true, email: false }])) as Preferences['categories'], quietHours: null, timeZone: 'UTC', language: 'pt-BR', hasMail: true,
  }
  return {
    preferences: vi.fn(async () => kept),
    putPreferences: vi.fn(async (_tenant: string, { categories = {}, ...rest }: PutBillingPreferences) => {
      const merged = Object.fromEntries(names.map(name => [name, { ...kept.categories[name], ...categories[name] }])) as Preferences['categories']
      return kept = { ...kept, ...rest as Partial<Preferences>, categories: merged }
    }),
  }
}

const mounted: VueWrapper[] = []
afterEach(() => { for (const wrapper of mounted.splice(0)) wrapper.unmount() })
const show = async (app: App): Promise<VueWrapper> => {
  const wrapper = app.mount(BillingNotifications, { tenantId: 'acme' })
  mounted.push(wrapper)
  await flushPromises()
  return wrapper
}

describe('BillingNotifications', () => {
  let inbox: Notification[]
  beforeEach(() => { inbox = [toNotification(2), toNotification(1, { type: 'billing_payment', status: 'failed', message: 'Cartão recusado', data: { paymentId: 'p' } })] })

  it('shows type, sentence, money and what is new', async () => {
    const wrapper = await show(await createInboxApp(inbox))
    const [first, second] = wrapper.findAll(byTestId('billing-notification'))
    expect(first?.text().replaceAll('\u00A0', ' ')).toContain('Nova fatura disponível: R$ 19,90')
    expect(first?.classes()).toEqual(expect.arrayContaining(['border-blue-500', 'bg-blue-50']))
    expect(second?.text()).toContain('Cartão recusado')
    expect(wrapper.findAll(byTestId('billing-new'))).toHaveLength(2)
    expect(wrapper.get(byTestId('billing-read-all')).text()).toBe('Marcar todas como lidas')
  })

  it('says it in the reader\'s language', async () => {
    const wrapper = await show(await createInboxApp([toNotification(1, { amountMinor: 1990, currency: 'JPY' })], 'en'))
    expect(wrapper.get(byTestId('billing-notification')).text()).toContain('New invoice available: ¥1,990')
  })

  it.each([
    ['pt-BR', { state: 'triggered', threshold: 80, thresholdUnit: 'percent' }, '84,5% do limite de storage usado'],
    ['es', { state: 'triggered', threshold: 80, thresholdUnit: 'percent' }, '84,5 % del límite de storage usado'],
    ['en', { state: 'resolved', threshold: 90, thresholdUnit: 'percent' }, 'Usage of storage below 90%: now 84.5%'],
    ['en', { state: 'resolved', threshold: 1500, thresholdUnit: 'absolute' }, 'Usage of storage below 1,500: now 84.5%'],
  ] as const)('says in %s what usage did: %j', async (language, more, sentence) => {
    const { amountMinor: _amount, currency: _currency, ...usage } = toNotification(1, { type: 'billing_usage_alert', data: { resource: 'storage', percentage: 84.5, ...more } })
    const wrapper = await show(await createInboxApp([usage], language))
    expect(wrapper.get(byTestId('billing-notification')).text().replaceAll('\u00A0', ' ')).toContain(sentence)
  })

  it('marks one, marks all, archives, and takes it back', async () => {
    const wrapper = await show(await createInboxApp(inbox))
    await wrapper.get(byTestId('billing-read')).trigger('click')
    await flushPromises()
    expect(wrapper.get(byTestId('billing-count')).text()).toBe('1')
    await wrapper.get(byTestId('billing-read-all')).trigger('click')
    await flushPromises()
    expect(wrapper.find(byTestId('billing-count')).exists()).toBe(false)
    await wrapper.get(byTestId('billing-undo')).trigger('click')
    await flushPromises()
    expect(wrapper.get(byTestId('billing-count')).text()).toBe('1')
    await wrapper.findAll(byTestId('billing-archive'))[0]?.trigger('click')
    await flushPromises()
    expect(wrapper.findAll(byTestId('billing-notification'))).toHaveLength(1)
  })

  it('follows what arrives and what was read on another device', async () => {
    const app = await createInboxApp(inbox)
    const wrapper = await show(app)
    inbox.unshift(toNotification(3))
    const feedOf = (start: string): (typeof app.fake.events)[number] | undefined => app.fake.events.find(({ name }) => name.startsWith(start))
    const envelope = { id: 'e', channel: 'c', time: '', data: {} }
    feedOf('tenant:acme:billing')?.handlers.onEvent({ ...envelope, type: 'billing_invoice' })
    await flushPromises()
    expect(wrapper.get(byTestId('billing-count')).text()).toBe('3')
    for (const one of inbox) Object.assign(one, { state: 'read', read: true })
    feedOf('user:acme/')?.handlers.onEvent({ ...envelope, type: 'inbox_changed' })
    await flushPromises()
    expect(wrapper.find(byTestId('billing-count')).exists()).toBe(false)
  })

  it('says that there is nothing', async () => {
    expect((await show(await createInboxApp([]))).get(byTestId('billing-empty')).text()).toContain('Nenhuma notificação')
  })
})

describe('BillingOverview', () => {
  it('shows plan, due dates, payments, and usage with its forecast', async () => {
    const app = await createInboxApp([])
    const base = { status: 'pending', time: '2026-01-05T12:00:00.000Z' } as const
    Object.assign(app.fake.client.rest.billing, { records: vi.fn(async (): Promise<BillingRecords> => ({
      plan: 'Pro', planChanges: [{ ...base, id: 'c', planName: 'Pro', previousPlan: 'Basic' }], subscriptions: [],
      invoices: [], openInvoices: [{ ...base, id: 'inv-1', amountMinor: 1990, currency: 'KWD', dueAt: '2000-01-01' }], payments: [{ ...base, id: 'p', status: 'failed', amountMinor: 1990, currency: 'JPY' }],
      usage: [{ resource: 'storage', period: '2026-01', used: 50, limit: 100, percentage: 50, fullAt: new Date(Date.now() + (3 * 24 + 4) * 3_600_000 + 60_000).toISOString() }],
    })) })
    const wrapper = app.mount(BillingOverview, { tenantId: 'acme' })
    mounted.push(wrapper)
    await flushPromises()
    expect(wrapper.get(byTestId('billing-plan')).text()).toMatch(/Pro.*antes: Basic/)
    expect(wrapper.get(byTestId('billing-usage')).text().replaceAll('\u00A0', ' ')).toContain('50 de 100 · 50,0%')
    expect(wrapper.get(byTestId('billing-open')).text().replaceAll('\u00A0', ' ')).toMatch(/KWD 1,990.*inv-1.*venceu em/)
    expect(wrapper.get(byTestId('billing-payment')).text().replaceAll('\u00A0', ' ')).toContain('1.990')
    expect(wrapper.get(byTestId('billing-forecast')).text().replaceAll('\u00A0', ' ')).toBe('100 % em 3 d 4 h')
  })
})

describe('BillingInvoice', () => {
  it('shows an invoice with what was paid of it, whatever became of it, and says when there is none', async () => {
    const app = await createInboxApp([])
    const base = { status: 'completed', time: '2026-01-05T12:00:00.000Z', amountMinor: 1990, currency: 'BRL' } as const
    Object.assign(app.fake.client.rest.billing, { records: vi.fn(async (): Promise<BillingRecords> => ({
      planChanges: [], subscriptions: [], openInvoices: [], usage: [],
      invoices: [{ ...base, id: 'inv-1', dueAt: '2000-01-01' }], payments: [{ ...base, id: 'p-1', invoiceId: 'inv-1' }, { ...base, id: 'p-2', invoiceId: 'inv-2' }],
    })) })
    const show = async (invoiceId: string): Promise<VueWrapper> => {
      const wrapper = app.mount(BillingInvoice, { tenantId: 'acme', invoiceId })
      mounted.push(wrapper)
      await flushPromises()
      return wrapper
    }
    const page = await show('inv-1')
    expect(page.text().replaceAll('\u00A0', ' ')).toMatch(/R\$ 19,90.*inv-1.*Concluído.*p-1/s)
    expect(page.text()).not.toMatch(/venceu|p-2/)
    expect((await show('inv-3')).find(byTestId('invoice-missing')).exists()).toBe(true)
  })
})

describe('BillingPreferences', () => {
  it('chooses by category and way, hours, zone and language, each on its own', async () => {
    const app = await createInboxApp([])
    const wrapper = app.mount(BillingPreferences, { tenantId: 'acme' })
    mounted.push(wrapper)
    await flushPromises()
    await wrapper.get(byTestId('billing-app-usage')).setValue(false)
    await flushPromises()
    await wrapper.get(byTestId('billing-email-payments')).setValue(true)
    await flushPromises()
    await wrapper.get(byTestId('billing-quiet')).setValue(true)
    await flushPromises()
    await wrapper.get(byTestId('billing-quiet-to')).setValue('08:30')
    await flushPromises()
    await wrapper.get(byTestId('billing-mail-language')).setValue('es')
    await flushPromises()
    expect(await app.fake.client.rest.billing.preferences('acme')).toMatchObject({
      categories: { usage: { app: false, email: false }, payments: { app: true, email: true }, plan: { app: true, email: false } },
      quietHours: { from: '22:00', to: '08:30' }, timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone, language: 'es',
    })
  })

  it('says that it could not read them, and reads again', async () => {
    const app = await createInboxApp([])
    vi.mocked(app.fake.client.rest.billing.preferences).mockRejectedValueOnce(new Error('away'))
    const wrapper = app.mount(BillingPreferences, { tenantId: 'acme' })
    mounted.push(wrapper)
    await flushPromises()
    expect(wrapper.text()).toContain('As preferências não puderam ser carregadas')
    await wrapper.get('button').trigger('click')
    await flushPromises()
    expect(wrapper.findAll('input[type=checkbox]').length).toBeGreaterThanOrEqual(10)
  })
})

describe('what is told', () => {
  it('is neither a muted category nor what newer word has overtaken', async () => {
    const app = await createInboxApp([])
    await app.fake.client.rest.billing.putPreferences('acme', { categories: { usage: { app: false } } })
    const { isWorthTelling, connect } = app.run(() => useBillingEvents('acme')).result
    connect()
    app.fake.events.find(({ name }) => name.startsWith('tenant:acme:billing'))?.handlers.onSnapshot([])
    await flushPromises()
    expect(isWorthTelling({ type: 'billing_payment', data: { status: 'failed' } })).toBe(true)
    expect(isWorthTelling({ type: 'billing_payment', data: { status: 'failed', overtaken: true } })).toBe(false)
    expect(isWorthTelling({ type: 'billing_usage_alert', data: {} })).toBe(false)
    expect(isWorthTelling({ type: 'deployment_start', data: {} })).toBe(false)
  })
})

describe('groups of notifications', () => {
  it('hold what speaks of one invoice, and stand where their newest does', () => {
    const payment = toNotification(3, { type: 'billing_payment', data: { paymentId: 'p', invoiceId: 'inv-1' } })
    expect(toGroups([payment, toNotification(2), toNotification(1)]).map(({ items }) => items.map(({ id }) => id))).toEqual([['n-3', 'n-1'], ['n-2']])
  })

  it('matter as their status says', () => {
    expect(toSeverity({ status: 'failed', type: 'billing_payment' })).toBe('error')
    expect(toSeverity({ status: 'pending', type: 'billing_usage_alert' })).toBe('warning')
  })
})

describe('the tab that speaks', () => {
  /** Locks of one browser: one holder, a line, and robbery. */
  function createLocks(): SpeakerLocks {
    let holder: { rob: () => void } | undefined
    const line: (() => void)[] = []
    const next = (): void => {
      holder = undefined
      line.shift()?.()
    }
    return {
      request: (_name, { steal, signal }, work) => new Promise((resolve, reject) => {
        const run = (): void => {
          const me = { rob: () => { reject(new Error('robbed')) } }
          holder = me
          const end = (): void => { if (holder === me) next() }
          void work().then(() => { resolve(undefined); end() })
        }
        signal?.addEventListener('abort', () => {
          if (line.includes(run)) line.splice(line.indexOf(run), 1)
          reject(new Error('aborted'))
        })
        if (steal) holder?.rob()
        if (steal || !holder) run()
        else line.push(run)
      }),
    }
  }
  function createPage(hasFocus: boolean): Looked & { look: () => void } {
    const listeners = new Set<() => void>()
    let isLooked = hasFocus
    return {
      hasFocus: () => isLooked, addEventListener: (_type, listener) => { listeners.add(listener) }, removeEventListener: (_type, listener) => { listeners.delete(listener) },
      look: () => { isLooked = true; for (const listener of listeners) listener() },
    }
  }

  it('is one of all, the one looked at last, and another once it is gone', async () => {
    const locks = createLocks()
    const second = createPage(false)
    const tabs = [standForSpeaker('n', locks, createPage(true)), standForSpeaker('n', locks, second)]
    await flushPromises()
    expect(tabs.map(({ isSpeaking }) => isSpeaking)).toEqual([true, false])
    second.look()
    await flushPromises()
    expect(tabs.map(({ isSpeaking }) => isSpeaking)).toEqual([false, true])
    tabs[1]?.stop()
    await flushPromises()
    expect(tabs.map(({ isSpeaking }) => isSpeaking)).toEqual([true, false])
  })
})
