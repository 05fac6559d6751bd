/** Colours of the component library by their meaning. */
export default defineAppConfig({
  ui: {
    colors: { primary: 'petrol', neutral: 'graphite', success: 'green', info: 'sky', warning: 'amber', error: 'red' },
    toaster: { defaultVariants: { position: 'bottom-right' as const } },
  },
})
