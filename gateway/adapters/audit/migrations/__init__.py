"""The migration steps of the audit log's schema; a released step is never changed."""
