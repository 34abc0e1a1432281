"""Two-layer linear networks: tasks, starts, training, exact solutions, observables."""
