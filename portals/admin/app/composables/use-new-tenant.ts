/** Whether the dialog that makes a tenant is open: the palette opens it too. */
export const useNewTenant = (): Ref<boolean> => useState('new-tenant', () => false)
