import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DISCONNECTS, ERRORS, UNSUBSCRIBES, isTerminal } from '../src/index.ts'

const spec = readFileSync(new URL('../SPEC.md', import.meta.url), 'utf8')

/** Rows of the table under a heading of SPEC.md. */
function rows(heading: string): string[][] {
  const section = spec.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return section.split('\n').filter(line => /^\| \d/u.test(line)).map(line => line.split('|').slice(1, -1).map(cell => cell.trim()))
}

const yes = (is: boolean): string => (is ? 'yes' : 'no')

test('SPEC.md lists exactly the errors of the table', () => {
  expect(rows('Error codes')).toEqual(Object.values(ERRORS).map(({ code, message, temporary }) => [String(code), message, yes(temporary)]))
})

test('SPEC.md lists exactly the disconnects of the table', () => {
  expect(rows('Disconnect codes')).toEqual(Object.values(DISCONNECTS).map(({ code, reason }) => [String(code), reason, yes(!isTerminal(code))]))
})

test('SPEC.md lists exactly the unsubscribes of the table', () => {
  expect(rows('Unsubscribe codes')).toEqual(Object.values(UNSUBSCRIBES).map(({ code, reason }) => [String(code), reason, yes(code >= 2500)]))
})

test('every reason fits a close frame', () => {
  for (const { reason } of Object.values(DISCONNECTS)) expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(32)
})
