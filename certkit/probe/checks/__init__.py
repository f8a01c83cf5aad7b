"""The probe's stages, one file a stage; TLS has one for the server's side and one for the client's."""
