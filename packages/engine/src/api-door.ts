/** What stands between the server API's methods and whoever reads the requests: Node's HTTP server or what stands in front of it. */
import type { IncomingMessage } from 'node:http'

/** How a method is answered: HTTP status, text, and whether it is JSON. */
export type Reply = (status: number, text: string, isJson: boolean) => void

/** What decides about a request besides its body. */
export type ApiHead = Pick<IncomingMessage, 'headers' | 'url'>

/** Answers a request whose body came whole. */
export type ApiAnswer = (head: ApiHead, body: Buffer, reply: Reply) => void

/** The methods by path, whoever reads the requests. */
export interface ApiDoor {
  readonly prefix: string
  readonly methods: ReadonlyMap<string, ApiAnswer>
  isAllowed(head: ApiHead): boolean
}

/** What a reply is. */
export const contentType = (isJson: boolean): string => isJson ? 'application/json' : 'text/plain; charset=utf-8'
