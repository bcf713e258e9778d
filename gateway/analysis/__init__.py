"""Questions about past and hypothetical decisions: access check, what-if, replay."""
