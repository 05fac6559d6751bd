import { describeStories } from './stories.ts'

describeStories('tenant')
