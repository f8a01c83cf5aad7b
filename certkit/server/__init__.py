"""The server that enrolls over the network: EST (RFC 7030) on HTTPS, and certkit's own few answers beside it."""
