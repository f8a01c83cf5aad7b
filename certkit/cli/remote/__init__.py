"""The lead's commands from another machine: which there are, how one travels, and both of its ends."""
