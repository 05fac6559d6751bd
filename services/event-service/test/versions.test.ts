import { describe, expect, it } from 'vitest'
import { copyOf, lastGoodVersion, versionsOf, type PastDeployment } from '../src/deployments/versions.ts'

/** `v3!` failed, `r>v2` is a rollback to v2. */
const toPast = (text: string): PastDeployment[] => text.split(' ').map(word => {
  const [deploymentId = '', backTo] = word.replace('!', '').split('>')
  const kind = deploymentId.startsWith('r') ? 'rollback' : deploymentId.startsWith('x') ? 'delete' : 'redeploy'
  return { deploymentId, kind, status: word.endsWith('!') ? 'failed' : 'completed', ...backTo !== undefined && { backTo } }
})

describe('the versions of an instance', () => {
  it.each([
    ['v1 v2', ['v1', 'v2'], 'v1', { before: 'v2', isRequired: true }],
    ['v1 v2 v3!', ['v1', 'v2'], 'v2', { before: 'v3', isRequired: false }],
    ['v1 v2 v3! r>v2', ['v1', 'v2'], 'v1', { before: 'v2', isRequired: true }],
    ['v1 v2 v3 r>v2', ['v1', 'v2'], 'v1', { before: 'v2', isRequired: true }],
    ['v1 v2 v3 r>v2 v4', ['v1', 'v2', 'v4'], 'v2', { before: 'v4', isRequired: true }],
    ['v1 v2 v3 r>v2 r>v1', ['v1'], undefined, undefined],
    ['v1 v2 v3 r>v2!', ['v1', 'v2', 'v3'], 'v3', { before: 'r', isRequired: false }],
    ['v1 v2 r', ['v1'], undefined, undefined],
    ['v1! r', [], undefined, undefined],
    ['v1 v2 x v3', ['v3'], undefined, undefined],
  ] as const)('of %s are %j, back is %s with the copy %j', (text, versions, back, copy) => {
    const past = toPast(text)
    expect(versionsOf(past).map(({ deploymentId }) => deploymentId)).toEqual(versions)
    expect(lastGoodVersion(past)?.deploymentId).toBe(back)
    if (back !== undefined) expect(copyOf(past, back)).toEqual(copy)
  })
})
