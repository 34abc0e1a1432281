"""Independent references in plain NumPy, which know no theory."""
