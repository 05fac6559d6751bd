import { describe, expect, it } from 'vitest'
import { createLogs, parseLogLevels, tellDeployerFault } from '../src/logs.ts'

describe('the log', () => {
  it('has a level for each module, which changes while it runs', () => {
    const lines: { module: string, msg: string }[] = []
    const logs = createLogs({ logLevel: 'warn', logLevels: { deployer: 'debug' } }, { write: line => { lines.push(JSON.parse(line) as { module: string, msg: string }) } })
    const say = (): string[] => {
      for (const module of ['http', 'deployer'] as const) logs.of(module).info(`from ${module}`)
      return lines.splice(0).map(({ module, msg }) => `${module}: ${msg}`)
    }
    expect(say()).toEqual(['deployer: from deployer'])
    expect(logs.set({ module: 'http', level: 'info' })).toMatchObject({ http: 'info', deployer: 'debug', background: 'warn' })
    expect(say()).toEqual(['http: from http', 'deployer: from deployer'])
    logs.set({ level: 'silent' })
    expect(say()).toEqual([])
  })

  it('follows a changed level in loggers made of it afterwards', () => {
    const lines: string[] = []
    const logs = createLogs({ logLevel: 'warn' }, { write: line => { lines.push(line) } })
    logs.set({ module: 'http', level: 'debug' })
    logs.of('http').child({ requestId: 'r' }).debug('seen')
    expect(lines.join('')).toContain('"requestId":"r"')
  })

  it('names whose deployment a deployer failed at, where it was at one', () => {
    const lines: object[] = []
    const tell = tellDeployerFault(createLogs({ logLevel: 'warn' }, { write: line => { lines.push(JSON.parse(line) as object) } }))
    tell(new Error('the queue does not answer'))
    tell(new Error('no'), { tenantId: 'acme', deploymentId: 'd-1' })
    expect(lines[0]).not.toHaveProperty('tenant')
    expect(lines[1]).toMatchObject({ module: 'deployer', tenant: 'acme', deployment: 'd-1', err: { message: 'no' } })
  })

  it.each([
    ['warn', { logLevel: 'warn' }], ['info, http=debug,deployer=silent', { logLevel: 'info', logLevels: { http: 'debug', deployer: 'silent' } }],
    ['loud', undefined], ['warn,http', undefined], ['warn,http=loud', undefined], ['warn,kitchen=debug', undefined], ['http=debug', undefined], ['warn,http=debug=info', undefined], ['', undefined],
  ])('reads %j', (text, levels) => { expect(parseLogLevels(text)).toEqual(levels) })
})
