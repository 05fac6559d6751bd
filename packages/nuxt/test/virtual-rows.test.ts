import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { defineComponent, h, nextTick, shallowRef } from 'vue'
import VirtualRows from '../src/runtime/components/VirtualRows.vue'
import { createApp } from './kit/app.ts'

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(640)
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(800)
})
afterEach(() => { vi.restoreAllMocks() })

it('what was opened in a row stays with it when another row takes its place', async () => {
  const app = await createApp()
  const names = shallowRef(['ana', 'bia', 'caio'])
  const page = app.mount(defineComponent({
    setup: () => () => h(VirtualRows, { count: names.value.length, label: 'Names', keyOf: (index: number) => names.value[index] ?? index }, {
      default: ({ index }: { index: number }) => h('input', { 'data-name': names.value[index] }),
    }),
  }))
  await nextTick()
  const typed = (): string[] => page.findAll('input').map(({ element }) => `${element.dataset['name'] ?? ''} ${element.value}`)
  await page.get('[data-name=bia]').setValue('sure?')
  expect(typed()).toEqual(['ana ', 'bia sure?', 'caio '])
  names.value = ['bia', 'caio']
  await nextTick()
  await nextTick()
  expect(typed()).toEqual(['bia sure?', 'caio '])
  page.unmount()
})
