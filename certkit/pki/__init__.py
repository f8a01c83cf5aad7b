"""X.509, pure: objects and bytes in, objects and bytes out; no files, no clock, no network."""
