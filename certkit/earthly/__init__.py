"""Where Earthly and EarthBuild keep things, by their own rules."""
