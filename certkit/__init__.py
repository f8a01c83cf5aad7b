"""A certificate authority and mTLS provisioning tool for teams that share one remote BuildKit daemon."""
