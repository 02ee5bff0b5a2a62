/** Where services are found below the master's URL: what stands before the namespace, percent-encoded. */
export const SERVICE_PATHS = {
	echo: ['enslavism', 'echo'],
	sharedState: ['enslavism', 'scuttlebutt'],
	relay: ['enslavism', 'relay'],
} as const;
