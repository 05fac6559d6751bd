/** The states of pages and the stage that puts a page into one. */

export { setStage } from './stage.ts'
export { storyStates } from './states.ts'
export type { StoryState } from './states.ts'
