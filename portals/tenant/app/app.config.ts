export default defineAppConfig({ portal: { name: 'tenant' as const } })
