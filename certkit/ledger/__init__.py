"""Who was given what, and every event."""
