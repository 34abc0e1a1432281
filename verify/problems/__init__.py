"""Problems on which claims are tried."""
