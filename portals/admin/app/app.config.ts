export default defineAppConfig({ portal: { name: 'admin' as const } })
