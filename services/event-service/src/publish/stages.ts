/** The stages of a write, by name: tests end the process at each of them and look at what is left. */

/** In their order. Up to `answers-kept` nothing of a write may be found after a crash, from `committed` on all of it. */
export const stages = [
  'submitted', 'group-closed', 'transaction-begun', 'keys-looked-up', 'events-made', 'channels-locked', 'event-projected', 'event-numbered',
  'member-written', 'events-inserted', 'answers-kept', 'committed', 'handed-over', 'answered',
] as const

/** Name of a stage. */
export type Stage = (typeof stages)[number]
