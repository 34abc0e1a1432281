"""What proofs are made of: noncommuting matrices, Gaussian traces, derivations, typesetting."""
