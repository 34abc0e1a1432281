"""Numbers and verdicts as text and pages."""
