/** How messages that leave the platform end, for whoever counts them. */

/** What is sent: an alert to a channel, or what waits in somebody's inbox. */
export const messageKinds = ['alert_webhook', 'alert_email', 'billing_email'] as const

/** `failed` is tried again, `given_up` is not. */
export const messageOutcomes = ['sent', 'failed', 'given_up'] as const

/** Told of each attempt. */
export type OnMessage = (kind: typeof messageKinds[number], outcome: typeof messageOutcomes[number]) => void
