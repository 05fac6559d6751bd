/**
 * Every error code of the HTTP API, as problem details (RFC 9457). `detail` is the default English sentence; a thrown problem
 * may say more. Portals translate by `code`.
 */
export const errorCodes = {
  invalid_request: { status: 400, detail: 'The request does not have the expected shape; see errors for the paths.' },
  invalid_json: { status: 400, detail: 'The body is not valid JSON.' },
  unknown_channel: { status: 400, detail: 'No channel has this form.' },
  unknown_event_type: { status: 400, detail: 'This channel does not carry events of this type.' },
  unauthenticated: { status: 401, detail: 'Sign in, or send an access token or API key as Authorization: Bearer.' },
  invalid_credentials: { status: 401, detail: 'E-mail or password is wrong.' },
  invalid_signature: { status: 401, detail: 'The signature is missing or not the sender\'s.' },
  signature_expired: { status: 401, detail: 'The signature is too old, or from the future; sign anew and check the clock.' },
  session_expired: { status: 401, detail: 'The session has ended; sign in again.' },
  forbidden: { status: 403, detail: 'You are not allowed to do this.' },
  origin_not_allowed: { status: 403, detail: 'Requests with a cookie are accepted from the portals only.' },
  not_found: { status: 404, detail: 'There is nothing here, or you may not know about it.' },
  method_not_allowed: { status: 405, detail: 'This address does not answer this method.' },
  idempotency_conflict: { status: 409, detail: 'The same idempotency key was used with another body.' },
  email_taken: { status: 409, detail: 'Somebody in this tenant has this e-mail address already.' },
  last_owner: { status: 409, detail: 'A tenant keeps at least one active owner: give somebody else the role first.' },
  tenant_exists: { status: 409, detail: 'There is a tenant of this identifier, or there was one a moment ago.' },
  deployment_finished: { status: 409, detail: 'The deployment has already ended.' },
  exam_not_open: { status: 409, detail: 'The exam cannot be taken now: it has not been opened or begun.' },
  exam_begun: { status: 409, detail: 'The exam has begun; it can be ended, and no longer withdrawn.' },
  exam_over: { status: 409, detail: 'The exam session has ended.' },
  answers_conflict: { status: 409, detail: 'Another save came first; go on after the one in `save`.' },
  log_conflict: { status: 409, detail: 'Other lines stand at these numbers; continue after the last known line.' },
  log_gap: { status: 409, detail: 'Lines before these are missing; continue after the last known line.' },
  history_trimmed: { status: 410, detail: 'Events before the oldest kept one are gone; take a new snapshot.' },
  payload_too_large: { status: 413, detail: 'The body is larger than allowed.' },
  unsupported_media_type: { status: 415, detail: 'Send JSON with Content-Type: application/json.' },
  wrong_password: { status: 422, detail: 'The current password is wrong.' },
  unprocessable: { status: 422, detail: 'The request is well formed but cannot be carried out.' },
  unknown_customer: { status: 422, detail: 'No tenant belongs to this customer; map it, then send the event again.' },
  rate_limited: { status: 429, detail: 'Too many requests; try again after the time in Retry-After.' },
  internal: { status: 500, detail: 'Something went wrong on our side; tell us the requestId.' },
  unavailable: { status: 503, detail: 'The service cannot accept this now; try again shortly.' },
} as const satisfies Record<string, { status: number, detail: string }>

/** Name of an error code. */
export type ErrorCode = keyof typeof errorCodes
