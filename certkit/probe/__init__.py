"""Prove that a daemon serves the right ones and refuses everyone else."""
