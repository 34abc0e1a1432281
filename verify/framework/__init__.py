"""Claims: what they are, the laws they are judged by, and their runs."""
