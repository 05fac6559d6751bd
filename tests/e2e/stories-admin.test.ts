import { describeStories } from './stories.ts'

describeStories('admin')
