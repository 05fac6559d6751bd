/** Colours of the component library by their meaning. */
export default defineAppConfig({
  ui: {
    colors: { primary: 'petrol', neutral: 'graphite', success: 'green', info: 'sky', warning: 'amber', error: 'red' },
    // The library lightens a filled button under the pointer by a quarter: its words would stand there with 3.5:1.
    button: {
      compoundVariants: [
        { color: 'primary' as const, variant: 'solid' as const, class: 'hover:bg-primary/90 active:bg-primary/90' },
        { color: 'error' as const, variant: 'solid' as const, class: 'hover:bg-error/90 active:bg-error/90' },
      ],
    },
    toaster: { defaultVariants: { position: 'bottom-right' as const } },
  },
})
