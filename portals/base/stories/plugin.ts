/** While developing: `?story=<state>` puts the page into that state until it is loaded anew. Runs before the client is made. */
import { setStage } from './stage.ts'
import { isStoryState } from './states.ts'

export default defineNuxtPlugin({
  name: 'stories',
  enforce: 'pre',
  setup: () => {
    const state = new URLSearchParams(globalThis.location.search).get('story')
    if (isStoryState(state)) setStage(state)
  },
})
