/** How a process of a test cluster is told where it is to die. */
export const arming = { point: 'CLUSTER_TEST_POINT', pass: 'CLUSTER_TEST_PASS' } as const
