import { describe, expect, it } from 'vitest'
import { buildPlan, catalogue, overrideImages } from '../src/index.ts'
import { createJob } from './fake-platform.ts'

describe('an operator\'s images', () => {
  it('take the place of the catalogue\'s, with the configuration filled in', () => {
    const entries = overrideImages(catalogue, { odoo: { odoo: 'registry.example:5000/odoo:{version}-br' } })
    const images = buildPlan(entries.odoo, createJob({ config: { version: '18.0' } })).flatMap(({ id, params }) => id === 'pull_image' ? [params['image']] : [])
    expect(images).toEqual(['postgres:16.9', 'registry.example:5000/odoo:18.0-br'])
    expect(entries.netbox).toEqual(catalogue.netbox)
  })

  it.each([
    [{ odoo: { redis: 'redis:7' } }, /odoo\.redis: the stack has no such service; it has postgres, odoo/],
    [{ odoo: { odoo: 'rm -rf /' } }, /odoo\.odoo: must be an image/],
    [{ gitlab: {} }, /gitlab|key/i],
    [[], /the file/],
  ])('are refused with what is wrong: %j', (given, sentence) => {
    expect(() => overrideImages(catalogue, given)).toThrow(sentence)
  })
})
