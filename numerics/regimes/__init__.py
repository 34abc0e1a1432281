"""The plane of exponents on arrays."""
