"""What every part needs: checks of arguments, errors, whole files, provenance."""
