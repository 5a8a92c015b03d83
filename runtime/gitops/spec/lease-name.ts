/** The Lease of those that follow one MeshSync, in its namespace. */
export const leaseName = (meshSync: string): string => `mesh-sync.${meshSync}`;
