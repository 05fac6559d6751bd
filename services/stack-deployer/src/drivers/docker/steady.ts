/** Whether a container stays up. Pure. */

import type Docker from 'dockerode'

/** Whether a container runs and never ended since it was made. */
export function isSteady({ State, RestartCount }: Docker.ContainerInspectInfo): boolean {
  return State.Running && !State.Restarting && RestartCount === 0
}
