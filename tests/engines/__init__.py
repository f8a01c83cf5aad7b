"""A Debian machine with Docker, Compose, Podman, systemd and HAProxy, in namespaces of its own, to run recipes in."""
