"""The closed form of the squared loss, part by part: a basis, two solutions, the invariant."""
