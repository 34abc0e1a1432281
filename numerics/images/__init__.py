"""Image data sets: found, read, prepared."""
