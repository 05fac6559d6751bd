import { describe, expect, it } from 'vitest'
import { channelFamilies, eventTypes, toAsyncApi } from '../src/index.ts'

interface Document {
  asyncapi: string
  channels: Record<string, { address: string, parameters?: Record<string, unknown>, messages: Record<string, { $ref: string }> }>
  operations: Record<string, { action: string, channel: { $ref: string } }>
  components: { messages: Record<string, { name: string, payload: { properties: { type: { const: string }, data: { type?: string, properties?: object } }, required: string[] } }> }
}

const document = toAsyncApi('1.2.3') as unknown as Document

describe('the AsyncAPI document', () => {
  it('has every channel by its pattern, with exactly the variables of the pattern', () => {
    expect(Object.values(document.channels).map(({ address }) => address)).toEqual(Object.values(channelFamilies).map(({ pattern }) => pattern))
    for (const { address, parameters = {} } of Object.values(document.channels)) {
      expect(Object.keys(parameters).map(name => `{${name}}`)).toEqual(address.match(/\{\w\}/g) ?? [])
    }
  })

  it('has every event type on the channels that carry it, and no reference to nothing', () => {
    for (const { type, families } of Object.values(eventTypes)) {
      const carriers = Object.entries(document.channels).filter(([, { messages }]) => type in messages).map(([family]) => family)
      expect(carriers.toSorted()).toEqual([...families].toSorted())
    }
    const references = JSON.stringify(document).match(/"#\/(?:components|channels)[^"]+"/g) ?? []
    const resolve = (reference: string): unknown => reference.slice(3, -1).split('/').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document)
    expect(references.length).toBeGreaterThan(25)
    expect(references.filter(reference => resolve(reference) === undefined)).toEqual([])
  })

  it('describes a message as the envelope with the data of its type', () => {
    const { payload } = document.components.messages['deployment_progress'] ?? expect.fail('no deployment_progress')
    expect(payload.properties.type.const).toBe('deployment_progress')
    expect(payload.required).toEqual(expect.arrayContaining(['id', 'type', 'channel', 'time', 'data']))
    expect(payload.properties.data.properties).toHaveProperty('progress')
  })
})
