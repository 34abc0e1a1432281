"""How two linear layers train: closure on the Gram matrix, unified evolution, closed forms."""
