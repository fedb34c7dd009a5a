# The local cluster, included by the Makefile. NAME=… takes another cluster than the default one.
UV ?= uv
CLUSTER = $(UV) run --frozen python -m dev.cluster

.PHONY: cluster cluster-down cluster-status images kubectl

cluster: setup ## a Kubernetes node on this machine, without Docker; see docs/cluster.md
	@$(CLUSTER) up $(if $(NAME),--name $(NAME))

cluster-down: setup ## stop it and remove all of it
	@$(CLUSTER) down $(if $(NAME),--name $(NAME))

cluster-status: setup ## what runs and where it is reached
	@$(CLUSTER) status $(if $(NAME),--name $(NAME))

images: setup ## build the images of the programs and import them into the cluster
	@$(CLUSTER) images $(if $(NAME),--name $(NAME))

kubectl: setup ## make kubectl ARGS="get pods -A"
	@$(CLUSTER) kubectl $(if $(NAME),--name $(NAME)) -- $(ARGS)
