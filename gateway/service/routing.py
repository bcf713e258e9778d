"""Routes messages to the queues of `gateway.service.inbox` by their topic."""

from collections.abc import Mapping, Sequence

from paho.mqtt.client import MQTTMessage

from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from gateway.service.inbox import NOWHERE, Route, key_of
from gateway.service.priorities import ServiceClass, class_of_topic
from sensors.driver import Subscription
from sensors.native import asked_at
from sensors.registry import Registry


class TopicRoutes:
    """The routes of all topics on which the devices of some sites may publish."""

    def __init__(self, registry: Registry, sites: Sequence[Site]) -> None:
        self._sites: Mapping[SiteId, Site] = {site.id: site for site in sites}
        self._request = registry.request
        self._routes = {
            topic: Route(topic, "sensors", source) for topic, source in registry.statuses.items()
        }
        for one in registry.subscriptions:
            if one.kind == "device" and one.filter not in registry.statuses:
                self._routes[one.filter] = self._route(one)

    def __call__(self, message: MQTTMessage) -> Route:
        """Return the route of a message."""
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return NOWHERE
        if route := self._routes.get(topic):
            return route
        if asked := self._request(topic):
            return Route(f"requests of {asked[0]}", "requests")
        return NOWHERE

    def service_class(self, subscription: Subscription) -> ServiceClass:
        """Return the service class of a topic."""
        return class_of_topic(subscription, self._sites)

    def _route(self, one: Subscription) -> Route:
        """Return a topic's route: all topics of a board share a queue, which keeps their order."""
        source = one.devices[0]
        device = self._sites[source[0]].device[source[1]]
        is_native_reader = device.driver == "native" and device.role == "reader"
        return Route(
            key_of(source),
            self.service_class(one),
            source,
            asked_at if is_native_reader else None,
        )
