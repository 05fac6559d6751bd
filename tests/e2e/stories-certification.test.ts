import { describeStories } from './stories.ts'

describeStories('certification')
