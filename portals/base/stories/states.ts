/** The states a page can be in besides the usual one, for the page of stories and for the tests that make its pictures. */

/** `empty` nothing is there yet · `loading` no answer yet · `error` the service fails · `denied` the person may not · `stale` the connection broke after all was there. */
export const storyStates = ['empty', 'loading', 'error', 'denied', 'stale'] as const
export type StoryState = (typeof storyStates)[number]

/** Whether a text names a state. */
export const isStoryState = (text: unknown): text is StoryState => storyStates.some(state => state === text)
