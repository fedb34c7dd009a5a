"""The whole of Switchboard shown on a real Kubernetes cluster, and checked while it is shown."""
