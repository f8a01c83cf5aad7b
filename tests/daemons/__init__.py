"""Real BuildKit daemons, built from Go modules once and run for a test."""
