"""The verbs, one file a verb."""
