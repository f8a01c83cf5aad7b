"""The recipe for Kubernetes on a real API server, by the commands that certkit prints, to the letter."""
