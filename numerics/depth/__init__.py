"""Deep linear networks: the small network that trains as one of any width."""
