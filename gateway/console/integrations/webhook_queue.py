"""All webhooks: each event of a site, sent to other servers."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from gateway.clock import Clock
from gateway.config import Webhook
from gateway.console.integrations.events import Happening, Outcome

if TYPE_CHECKING:
    from gateway.console.integrations.webhooks import Hook


class Webhooks:
    """The queues of all webhooks."""

    def __init__(
        self,
        hooks: tuple[Webhook, ...],
        *,
        prefix: str,
        hosts: tuple[str, ...],
        clock: Clock,
    ) -> None:
        self.outcomes: Counter[tuple[str, Outcome]] = Counter()
        """Attempts and drops, by site and outcome."""
        self._hooks = tuple(
            _hook(hook, prefix, frozenset(hosts), clock, self._counter(hook.site)) for hook in hooks
        )

    def offer(self, event: Happening) -> None:
        """Queue an event for every webhook that wants it."""
        for hook in self._hooks:
            hook.offer(event)

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for number, hook in enumerate(self._hooks):
                tasks.create_task(hook.run(), name=f"webhook {number}")

    def _counter(self, site: str) -> Callable[[Outcome], None]:
        def count(outcome: Outcome) -> None:
            self.outcomes[site, outcome] += 1

        return count


def _hook(
    hook: Webhook,
    prefix: str,
    hosts: frozenset[str],
    clock: Clock,
    count: Callable[[Outcome], None],
) -> "Hook":
    # Imported here: most places have no webhook, and httpx weighs 4 MB.
    from gateway.console.integrations.webhooks import Hook  # noqa: PLC0415

    return Hook(hook, prefix=prefix, hosts=hosts, clock=clock, count=count)
