"""The lead's operations on a team's authorities."""
