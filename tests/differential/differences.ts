/** Where the engine answers otherwise than Centrifugo 6.9.1, and why. A row that no longer differs must go. */

/** A dialogue's name and ways in (all unless told), and the reason. */
export interface Difference {
  name: string
  transports?: readonly string[]
  why: string
}

const nobody = 'A request without user, client and session would mean every anonymous connection: more likely a forgotten field than a wish.'

export const differences: readonly Difference[] = [
  { name: 'refresh a subscription with a token that has ended', why: 'The real one answers {} and the subscription never ends: a fault that is not copied. The engine ends it with 2501.' },
  { name: 'api: publish with b64data that is no JSON', why: 'The real one closes every JSON client of the channel with 3506: one publisher would cut its readers off. The engine refuses the publication.' },
  { name: 'api: unsubscribe without a user', why: nobody },
  { name: 'api: disconnect nobody', why: nobody },
  { name: 'api: refresh nobody', why: nobody },
  { name: 'api: subscribe without a user', why: nobody },
  { name: 'api: publish, old form', why: 'The real one keeps the form of v4 for the sake of old libraries; it goes away in v7.' },
]
