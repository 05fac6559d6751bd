import { fastify } from 'fastify'
import { expect, it } from 'vitest'
import type { App } from '../src/http.ts'
import { openapiRoutes } from '../src/plugins/openapi.ts'

it('the page of the API is there for the next one after it could not be read, and ends with the service', async () => {
  const app = fastify()
  const page = fastify()
  page.get('/docs/', () => 'the page')
  let tries = 0
  let isClosed = false
  page.addHook('onClose', () => {
    isClosed = true
    return Promise.resolve()
  })
  openapiRoutes(app as unknown as App, {
    version: '1.0.0', writeDocument: () => Promise.resolve({}), open: () => ++tries === 1 ? Promise.reject(new Error('too many open files')) : Promise.resolve(page),
  })
  expect((await app.inject('/docs/')).statusCode).toBe(500)
  for (let n = 0; n < 2; n++) expect((await app.inject('/docs/')).body).toBe('the page')
  expect(tries).toBe(2)
  await app.close()
  expect(isClosed).toBe(true)
})
