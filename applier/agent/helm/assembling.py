"""Helm's kinds put together: repositories and charts beside the other sources, and releases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.agent.helm.charts import ChartRun
from applier.agent.helm.release_charts import ReleaseCharts
from applier.agent.helm.release_order import ReleaseTriggers
from applier.agent.helm.releases import HelmReleases
from applier.agent.helm.repositories import RepositoryRun
from applier.agent.helm.source_run import SourceKind
from applier.agent.kustomization.triggers import revision_of
from applier.agent.runtime.informer import key_of
from applier.agent.runtime.kinds import HELM_CHARTS, HELM_RELEASES, HELM_REPOSITORIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from applier.agent.helm.release_attempt import Means
    from applier.agent.runtime.controller import Run
    from applier.agent.runtime.informer import Informer
    from applier.agent.runtime.reconciling import Surroundings
    from applier.agent.runtime.unit import Follower, Reconcile, Unit
    from applier.agent.source.storage import Storage
    from applier.cluster.api import Collection
    from applier.model.ids import Body

    MakeUnit = Callable[[Collection, Callable[[Surroundings], Reconcile]], Unit]


def chart_sources(make_unit: MakeUnit, storage: Storage, git: Unit) -> dict[str, Unit]:
    """The units of HelmRepositories and HelmCharts, by kind; `git` is that of GitRepositories."""

    def repository(around: Surroundings) -> Reconcile:
        return SourceKind(around, storage, RepositoryRun).reconcile

    repositories = make_unit(HELM_REPOSITORIES, repository)
    informers = {one.around.collection.kind: one.around.informer for one in (repositories, git)}

    def chart_run(owner: SourceKind, run: Run, body: Body) -> ChartRun:
        return ChartRun(owner, run, body, informers)

    def chart(around: Surroundings) -> Reconcile:
        return SourceKind(around, storage, chart_run).reconcile

    charts = make_unit(HELM_CHARTS, chart)
    charts.sees += informers.values()
    for one in (repositories, git):
        one.followers.append(_runs_charts(charts))
    return {HELM_REPOSITORIES.kind: repositories, HELM_CHARTS.kind: charts}


def _runs_charts(charts: Unit) -> Follower:
    """Has the charts of a source run when that has another artifact."""

    def changed(old: Body | None, new: Body | None) -> None:
        if new is None or not revision_of(new) or revision_of(old) == revision_of(new):
            return
        own = key_of(new)
        for body in charts.around.informer.all():
            reference: Any = (body.get("spec") or {}).get("sourceRef") or {}
            if (reference.get("kind"), reference.get("name")) == (new["kind"], own.name):
                key = key_of(body)
                if key.namespace == own.namespace:
                    charts.queue.add(key)

    return changed


def releases(
    make_unit: MakeUnit,
    charts: Informer,
    registries: Informer,
    followers: list[Follower],
    means: Callable[[Surroundings, ReleaseCharts], Means],
) -> Unit:
    """The unit of HelmReleases; `charts` sees HelmCharts, `registries` OCIRepositories; both tell `followers`."""
    made: list[ReleaseCharts] = []

    def make(around: Surroundings) -> Reconcile:
        found = means(around, ReleaseCharts(around, charts, registries))
        made.append(found.charts)
        return HelmReleases(found).reconcile

    own = make_unit(HELM_RELEASES, make)
    triggers = ReleaseTriggers(own, made[0])
    own.sees += [charts, registries]
    own.followers.append(triggers.release_changed)
    followers.append(triggers.chart_changed)
    return own
