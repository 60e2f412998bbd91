"""Which addresses an agent uses: by its flags, by where it runs, and by what runs beside it."""

from __future__ import annotations

import pytest

from applier.cli.agent import options_of

INSIDE = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "RUNTIME_NAMESPACE": "flux-system"}
SERVICE = "http://notification-controller.flux-system.svc.cluster.local./"


@pytest.mark.parametrize(
    ("controllers", "given", "environment", "events", "receiver", "url"),
    [
        ("", "", {}, "127.0.0.1:0", "127.0.0.1:0", ""),
        ("", "", INSIDE, ":9091", ":9292", ""),
        ("notification", "", INSIDE, ":9090", ":9292", ""),
        ("source", "", INSIDE, ":9091", ":9292", SERVICE),
        ("kustomize", "http://elsewhere/", INSIDE, ":9090", ":9292", "http://elsewhere/"),
        ("notification", ":8000", INSIDE, ":8000", ":9292", ""),
        ("source", "", {}, "127.0.0.1:0", "127.0.0.1:0", ""),
    ],
)
def test_addresses(
    controllers: str, given: str, environment: dict[str, str], events: str, receiver: str, url: str
) -> None:
    found = options_of({"controllers": controllers, "events_addr": given}, environment)
    assert (found.events_address, found.receiver_address, found.events_url) == (events, receiver, url)
    taken = (
        [found.storage_address, events] if "source" in found.controllers and "notification" in found.controllers else []
    )
    assert len(set(taken)) == len(taken) or taken[0].endswith(":0")
