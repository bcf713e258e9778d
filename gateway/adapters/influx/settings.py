"""Where points go."""

from urllib.parse import urlsplit

from msgspec import Struct

from gateway.config import Settings


class InfluxSettings(Struct, frozen=True):
    """Where points go. InfluxDB 1.8: `bucket` is `database/policy`, `token` is `user:password`."""

    url: str
    bucket: str
    org: str = "-"
    """InfluxDB 2 only; the API wants a word nevertheless."""
    token: str = ""
    gzip: bool = False
    """Worth it across a network only."""
    timeout_s: float = 10.0

    def __repr__(self) -> str:
        """Without the token, so that no log can show it."""
        return f"InfluxSettings({self.where!r})"

    @property
    def where(self) -> str:
        """Server and bucket, for people; without what a URL may hide before its `@`."""
        host = urlsplit(self.url)
        return f"{host.scheme}://{host.netloc.rpartition('@')[2]}, bucket {self.bucket}"


def influx_settings(settings: Settings, timeout_s: float = 10.0) -> InfluxSettings | None:
    """Where points go by the settings; None: nowhere, the journal alone keeps history."""
    if settings.influx_url is None:
        return None
    token = settings.influx_token
    return InfluxSettings(
        url=settings.influx_url,
        bucket=settings.influx_bucket,
        org=settings.influx_org,
        token=token.get_secret_value() if token else "",
        timeout_s=timeout_s,
    )
