/** Whether the form of a new deployment is open; one for the whole portal, so that every page and the palette can open it. */
export const useNewDeployment = () => useState('new-deployment', () => false)
