"""What a daemon is told to trust: anchors, canaries, the CRL, rotation. Pure: no clock, no files."""
