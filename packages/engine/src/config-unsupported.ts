/** Keys of Centrifugo v6 that the engine knows and does not serve, to tell them from misspelt ones. Source: PROTOCOL part 3. */

const SECTIONS = [
  'admin', 'consumers', 'controller', 'debug', 'graphite', 'grpc_api', 'init', 'log', 'map_broker', 'opentelemetry', 'proxies', 'rpc', 'shared_poll',
  'swagger', 'uni_grpc', 'uni_http_stream', 'uni_sse', 'uni_websocket', 'usage_stats', 'webtransport', 'address', 'pid_file',
]

const CHANNELS = [
  'allow_tags_filter', 'auto_cache_recover', 'force_recovery_mode', 'map', 'map_clients_presence_channel_prefix', 'map_users_presence_channel_prefix',
  'shared_poll', 'subscription_type', 'subscribe_proxy_enabled', 'subscribe_proxy_name', 'publish_proxy_enabled', 'publish_proxy_name',
  'sub_refresh_proxy_enabled', 'sub_refresh_proxy_name', 'subscribe_stream_proxy_enabled', 'subscribe_stream_proxy_name',
  'subscribe_stream_proxy_bidirectional',
]

const REST = [
  // client
  'proxy', 'presence_update_interval', 'concurrency', 'channel_position_check_delay', 'channel_position_max_time_lag',
  'insecure_skip_token_signature_verify', 'connect_code_to_unidirectional_disconnect', 'insecure_skip_jwks_endpoint_safety_check',
  // servers and transports
  'internal_address', 'internal_port', 'external', 'tls', 'tls_autocert', 'tls_external', 'http3', 'read_buffer_size', 'write_buffer_size',
  'write_timeout', 'use_write_buffer_pool', 'max_request_body_size', 'compression_preset_dictionary', 'termination_delay',
  // node, engine, metrics
  'info_metrics_aggregate_interval', 'redis', 'nats', 'postgres', 'redisnats', 'enabled', 'native_histograms', 'instrument_http_handlers',
  'recovered_publications_histogram',
]

const UNSUPPORTED = new Set([...SECTIONS, ...CHANNELS, ...REST])

/** Whether it is a key of Centrifugo's. */
export const isUnsupported = (name: string): boolean => UNSUPPORTED.has(name)
