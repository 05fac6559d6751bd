/** The test kit on the platform in this process. */

import { describe } from 'vitest'
import { createTestPlatform } from '@neo-stack/testing'
import { describeKit } from './story.ts'

describe('the kit in process', () => { describeKit(createTestPlatform) })
