"""verify: confronts predictions with numbers, draws the figures, and is the command line."""
