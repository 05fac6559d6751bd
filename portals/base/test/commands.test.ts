import { describe, expect, it } from 'vitest'
import { findCommands, isTyping, matchKeys, type Command } from '../app/commands.ts'

const command = (id: string, label: string, ...keys: string[]): Command => ({ id, label, icon: 'i', ...keys.length > 0 && { keys } })
const commands = [command('new', 'Novo deployment', 'n'), command('d', 'Deployments', 'g', 'd'), command('i', 'Instâncias', 'g', 'i')]
const ids = (found: readonly Command[]): string[] => found.map(({ id }) => id)

describe('finding a command', () => {
  it('needs neither case nor accents, and puts first what begins with the words', () => {
    expect(ids(findCommands(commands, 'INSTANCIAS'))).toEqual(['i'])
    expect(ids(findCommands(commands, 'depl'))).toEqual(['d', 'new'])
    expect(ids(findCommands(commands, 'deployment novo'))).toEqual(['new'])
    expect(ids(findCommands(commands, ''))).toEqual(['new', 'd', 'i'])
    expect(findCommands(commands, 'nada')).toEqual([])
  })
})

describe('keys', () => {
  it('mean a command when all of it was pressed, and wait for the rest of a sequence', () => {
    expect(matchKeys(commands, ['n'])).toBe(commands[0])
    expect(matchKeys(commands, ['g'])).toBe('wait')
    expect(matchKeys(commands, ['g', 'i'])).toBe(commands[2])
    expect(matchKeys(commands, ['g', 'x'])).toBeUndefined()
    expect(matchKeys(commands, ['x'])).toBeUndefined()
  })

  it('are text where somebody types', () => {
    expect([{ tagName: 'INPUT' }, { tagName: 'DIV', isContentEditable: true }, { tagName: 'BUTTON' }, null].map(isTyping)).toEqual([true, true, false, false])
  })
})
