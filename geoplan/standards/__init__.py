"""Standards: limits, radii and walking speeds, each with its source and how sure it is."""
