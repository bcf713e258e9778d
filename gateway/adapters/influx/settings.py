"""The InfluxDB server and bucket to which points are written."""

from urllib.parse import urlsplit

from msgspec import Struct

from gateway.config import Settings


class InfluxSettings(Struct, frozen=True):
    """Server, bucket, token. InfluxDB 1.8: `bucket` `database/policy`, `token` `user:password`."""

    url: str
    bucket: str
    org: str = "-"
    """InfluxDB 2 only; the API wants a word nevertheless."""
    token: str = ""
    gzip: bool = False
    """Worth it across a network only."""
    timeout_s: float = 10.0

    def __repr__(self) -> str:
        """Return the settings without the token, so that no log can show it."""
        return f"InfluxSettings({self.where!r})"

    @property
    def where(self) -> str:
        """Return server and bucket for display, without credentials before the URL's `@`."""
        host = urlsplit(self.url)
        return f"{host.scheme}://{host.netloc.rpartition('@')[2]}, bucket {self.bucket}"


def influx_settings(settings: Settings, timeout_s: float = 10.0) -> InfluxSettings | None:
    """Return InfluxDB's settings; None: no InfluxDB, history is kept in the journal only."""
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
