"""The published experiments of Tu, Aranguri and Jacot 2024: Figures 1 and 2."""
