"""The side of a daemon's host: it fetches the daemon's files, has the daemon read them, and proves that it did."""
