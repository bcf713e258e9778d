"""The base class of all facts."""

from msgspec import Struct


class BaseFact(Struct, frozen=True, tag_field="fact", tag=str, gc=False, omit_defaults=True):
    """Tagged with its class name, as the journal stores it. No cycles, so nothing to collect."""
