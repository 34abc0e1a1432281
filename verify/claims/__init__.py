"""Claims, one file a family; :mod:`verify.claims.registry` lists them."""
