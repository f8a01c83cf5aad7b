"""The probe's stages, one file a stage."""
