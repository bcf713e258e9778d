"""The API's own documentation: OpenAPI and the table of permissions."""
