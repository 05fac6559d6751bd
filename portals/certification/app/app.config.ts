export default defineAppConfig({ portal: { name: 'certification' as const } })
