"""Which start to train from."""
