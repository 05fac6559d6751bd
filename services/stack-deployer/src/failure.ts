/** Why a deployment failed, as a message and as a sentence. */

import { deploymentReasons, renderSentence, type MessageParams, type ReasonId } from './steps.ts'

/** A failure that a person is told about: the message is the Portuguese sentence, `messageKey` and `params` its translatable form. */
export class DeploymentFailure extends Error {
  readonly messageKey: ReasonId
  readonly params: MessageParams

  constructor(messageKey: ReasonId, params: MessageParams = {}, options?: ErrorOptions) {
    super(renderSentence(deploymentReasons[messageKey], params), options)
    this.name = 'DeploymentFailure'
    this.messageKey = messageKey
    this.params = params
  }
}
