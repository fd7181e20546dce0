"""How often intervals hold what they are of: `scripts/coverage`."""
