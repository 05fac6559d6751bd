/** Typed REST of administration: a tenant's people, keys and trail; the operator's tenants and what belongs to them. */

import type {
  Account, AccountList, AdminAuditQuery, AdminCreateApiKey, AdminCreateUser, AdminDeploymentList, AdminDeploymentQuery, AdminInstanceList, AdminInstanceQuery, AdminListQuery, AdminOverview, Announce, AnnouncementList, ApiKeyCreated, ApiKeyList, AuditPage, AuditQuery,
  AuditVerification, AuditVerifications, ChangePassword, ConnectionList, ConnectionQuery, CreateApiKey, CreateTenant, CreateUser, ListQuery, LiveChannelList, LiveChannelQuery, MarkList, MarkQuery, Published, PutRoles, SessionList, SessionsEnded, SuspendTenant,
  TenantCreated, TenantDetail, TenantList, TenantListQuery, TenantQuotas, TenantRemoved, UserCreated,
} from '@neo-stack/events'
import type { Call, CallOptions, Send } from './request.ts'

/** A user of a tenant; `me` is the one who asks. */
export interface UserPath {
  tenantId: string
  userId: string
}

/** What a tenant's owner manages. The caller's own sessions and password need no right. */
export interface TenantAdministration {
  users: {
    list(tenantId: string, query?: ListQuery, options?: CallOptions): Promise<AccountList>
    /** The answer holds a one-time password, this once. 409 `email_taken`. */
    create(tenantId: string, user: CreateUser, options?: CallOptions): Promise<UserCreated>
    /** The user's sessions end. 409 `last_owner`. */
    putRoles(of: UserPath, roles: PutRoles, options?: CallOptions): Promise<Account>
    /** The user's sessions end at once. 409 `last_owner`. */
    disable(of: UserPath, options?: CallOptions): Promise<Account>
    enable(of: UserPath, options?: CallOptions): Promise<Account>
    /** A new one-time password; the user's sessions end. */
    resetPassword(of: UserPath, options?: CallOptions): Promise<UserCreated>
    remove(of: UserPath, options?: CallOptions): Promise<void>
    /** The caller's own. 422 `wrong_password`. */
    changePassword(tenantId: string, passwords: ChangePassword, options?: CallOptions): Promise<void>
    sessions(of: UserPath, options?: CallOptions): Promise<SessionList>
    endSession(of: UserPath & { sessionId: string }, options?: CallOptions): Promise<void>
    /** Signs the user out everywhere, here too. */
    endSessions(of: UserPath, options?: CallOptions): Promise<SessionsEnded>
  }
  apiKeys: {
    list(tenantId: string, query?: ListQuery, options?: CallOptions): Promise<ApiKeyList>
    /** The answer holds the key, this once. */
    create(tenantId: string, key: CreateApiKey, options?: CallOptions): Promise<ApiKeyCreated>
    revoke(tenantId: string, apiKeyId: string, options?: CallOptions): Promise<void>
  }
  audit: {
    list(tenantId: string, query?: AuditQuery, options?: CallOptions): Promise<AuditPage>
    verify(tenantId: string, options?: CallOptions): Promise<AuditVerification>
  }
}

/** What operators manage. */
export interface OperatorAdministration {
  /** Parts of the installation, worst first. */
  overview(options?: CallOptions): Promise<AdminOverview>
  /** When deployments and billing of any tenant happened in a span of time, newest first. */
  marks(query: MarkQuery, options?: CallOptions): Promise<MarkList>
  deployments: { list(query?: AdminDeploymentQuery, options?: CallOptions): Promise<AdminDeploymentList> }
  instances: { list(query?: AdminInstanceQuery, options?: CallOptions): Promise<AdminInstanceList> }
  connections: {
    list(query?: ConnectionQuery, options?: CallOptions): Promise<ConnectionList>
    /** Its client does not come back by itself. */
    end(of: UserPath & { client: string }, options?: CallOptions): Promise<void>
  }
  channels: { list(query?: LiveChannelQuery, options?: CallOptions): Promise<LiveChannelList> }
  tenants: {
    list(query?: TenantListQuery, options?: CallOptions): Promise<TenantList>
    get(tenantId: string, options?: CallOptions): Promise<TenantDetail>
    /** 409 `tenant_exists`. */
    create(tenant: CreateTenant, options?: CallOptions): Promise<TenantCreated>
    suspend(tenantId: string, body?: SuspendTenant, options?: CallOptions): Promise<TenantDetail>
    resume(tenantId: string, options?: CallOptions): Promise<TenantDetail>
    putQuotas(tenantId: string, quotas: TenantQuotas, options?: CallOptions): Promise<TenantDetail>
    /** Removes the tenant and everything of it. */
    remove(tenantId: string, options?: CallOptions): Promise<TenantRemoved>
  }
  users: {
    list(query?: AdminListQuery, options?: CallOptions): Promise<AccountList>
    create(user: AdminCreateUser, options?: CallOptions): Promise<UserCreated>
    disable(userId: string, options?: CallOptions): Promise<Account>
    enable(userId: string, options?: CallOptions): Promise<Account>
    resetPassword(userId: string, options?: CallOptions): Promise<UserCreated>
    endSessions(userId: string, options?: CallOptions): Promise<SessionsEnded>
  }
  apiKeys: {
    list(query?: AdminListQuery, options?: CallOptions): Promise<ApiKeyList>
    create(key: AdminCreateApiKey, options?: CallOptions): Promise<ApiKeyCreated>
    revoke(apiKeyId: string, options?: CallOptions): Promise<void>
  }
  sessions: {
    list(query?: AdminListQuery, options?: CallOptions): Promise<SessionList>
    end(sessionId: string, options?: CallOptions): Promise<void>
  }
  audit: {
    list(query?: AdminAuditQuery, options?: CallOptions): Promise<AuditPage>
    verify(options?: CallOptions): Promise<AuditVerifications>
  }
  announcements: {
    list(options?: CallOptions): Promise<AnnouncementList>
    announce(announcement: Announce, options?: CallOptions): Promise<Published>
    /** Nobody is shown it any more; again it changes nothing. */
    withdraw(id: string, options?: CallOptions): Promise<void>
  }
}

const segment = encodeURIComponent
const read = (path: string, query?: object): Call => ({ method: 'GET', path, query: { ...query } })
const create = (path: string, body?: unknown): Call => ({ method: 'POST', path, isCreating: true, ...body !== undefined && { body } })
const change = (path: string, body?: unknown): Call => ({ method: 'POST', path, isRepeatable: true, ...body !== undefined && { body } })
const remove = (path: string): Call => ({ method: 'DELETE', path, isRepeatable: true })

/** Makes the routes of a tenant's administration. */
export function createTenantAdministration(send: Send): TenantAdministration {
  const tenant = (tenantId: string): string => `/v1/tenants/${segment(tenantId)}`
  const user = ({ tenantId, userId }: UserPath): string => `${tenant(tenantId)}/users/${segment(userId)}`
  return {
    users: {
      list: (tenantId, query, own) => send(read(`${tenant(tenantId)}/users`, query), own),
      create: (tenantId, body, own) => send(create(`${tenant(tenantId)}/users`, body), own),
      putRoles: (of, body, own) => send({ method: 'PUT', path: `${user(of)}/roles`, body, isRepeatable: true }, own),
      disable: (of, own) => send(change(`${user(of)}/disable`), own),
      enable: (of, own) => send(change(`${user(of)}/enable`), own),
      resetPassword: (of, own) => send(create(`${user(of)}/reset-password`), own),
      remove: async (of, own) => { await send(remove(user(of)), own) },
      changePassword: async (tenantId, body, own) => { await send({ method: 'POST', path: `${user({ tenantId, userId: 'me' })}/password`, body }, own) },
      sessions: (of, own) => send(read(`${user(of)}/sessions`), own),
      endSession: async ({ sessionId, ...of }, own) => { await send(remove(`${user(of)}/sessions/${segment(sessionId)}`), own) },
      endSessions: (of, own) => send(remove(`${user(of)}/sessions`), own),
    },
    apiKeys: {
      list: (tenantId, query, own) => send(read(`${tenant(tenantId)}/api-keys`, query), own),
      create: (tenantId, body, own) => send(create(`${tenant(tenantId)}/api-keys`, body), own),
      revoke: async (tenantId, id, own) => { await send(remove(`${tenant(tenantId)}/api-keys/${segment(id)}`), own) },
    },
    audit: {
      list: (tenantId, query, own) => send(read(`${tenant(tenantId)}/audit`, query), own),
      verify: (tenantId, own) => send(read(`${tenant(tenantId)}/audit/verification`), own),
    },
  }
}

/** Makes the routes of the operators' administration. */
export function createOperatorAdministration(send: Send): OperatorAdministration {
  const of = (plural: string, id?: string, verb?: string): string => ['/v1/admin', plural, ...id === undefined ? [] : [segment(id)], ...verb === undefined ? [] : [verb]].join('/')
  return {
    overview: own => send(read(of('overview')), own),
    marks: (query, own) => send(read(of('marks'), query), own),
    deployments: { list: (query, own) => send(read(of('deployments'), query), own) },
    instances: { list: (query, own) => send(read(of('instances'), query), own) },
    connections: {
      list: (query, own) => send(read(of('connections'), query), own),
      end: async ({ tenantId, userId, client }, own) => { await send(remove([of('connections'), tenantId, userId, client].join('/')), own) },
    },
    channels: { list: (query, own) => send(read(of('channels'), query), own) },
    tenants: {
      list: (query, own) => send(read(of('tenants'), query), own),
      get: (id, own) => send(read(of('tenants', id)), own),
      create: (body, own) => send(create(of('tenants'), body), own),
      suspend: (id, body = {}, own) => send(change(of('tenants', id, 'suspend'), body), own),
      resume: (id, own) => send(change(of('tenants', id, 'resume')), own),
      putQuotas: (id, body, own) => send({ method: 'PUT', path: of('tenants', id, 'quotas'), body, isRepeatable: true }, own),
      remove: (id, own) => send({ method: 'DELETE', path: of('tenants', id) }, own),
    },
    users: {
      list: (query, own) => send(read(of('users'), query), own),
      create: (body, own) => send(create(of('users'), body), own),
      disable: (id, own) => send(change(of('users', id, 'disable')), own),
      enable: (id, own) => send(change(of('users', id, 'enable')), own),
      resetPassword: (id, own) => send(create(of('users', id, 'reset-password')), own),
      endSessions: (id, own) => send(remove(of('users', id, 'sessions')), own),
    },
    apiKeys: {
      list: (query, own) => send(read(of('api-keys'), query), own),
      create: (body, own) => send(create(of('api-keys'), body), own),
      revoke: async (id, own) => { await send(remove(of('api-keys', id)), own) },
    },
    sessions: {
      list: (query, own) => send(read(of('sessions'), query), own),
      end: async (id, own) => { await send(remove(of('sessions', id)), own) },
    },
    audit: {
      list: (query, own) => send(read(of('audit'), query), own),
      verify: own => send(read(of('audit', 'verification')), own),
    },
    announcements: {
      list: own => send(read(of('announcements')), own),
      announce: (body, own) => send(create(of('announcements'), body), own),
      withdraw: async (id, own) => { await send(remove(of('announcements', id)), own) },
    },
  }
}
