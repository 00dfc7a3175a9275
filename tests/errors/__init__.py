"""Programs that must be rejected, and how."""
