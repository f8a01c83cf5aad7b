"""How a laptop comes to its certificate: bundles, requests, and what they set up."""
