"""The steps of the audit log's schema; a step is never changed once it was released."""
