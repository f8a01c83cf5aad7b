"""A real Kubernetes API server with its store and its controllers, for what is printed to be applied to one."""
