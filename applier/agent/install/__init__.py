"""What `kbuild install` brings into a cluster: definitions of Flux's kinds, rights, deployments, services, policies."""
