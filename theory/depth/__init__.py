"""Deep linear networks of infinite width: one singular mode, and the rate at which it moves."""
