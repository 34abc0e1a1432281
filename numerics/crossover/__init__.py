"""The crossover from feature to lazy training."""
