"""The server: whoever enrolls over the network, and whoever should not."""
