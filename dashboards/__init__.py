"""What is watched, and the boards that show it.

- `rules/`: Prometheus' recording rules and alerts; `tests/`: promtool's tests of them
- `board`: rows and charts as data, and what Grafana makes of them
- `queries`, `charts`: PromQL as the boards write it, and the charts that they have more than once
- `overview`, `review_quality`, `security`, `operations`: what each board shows
- `grafana/`: the four boards as Grafana reads them, written by `python -m dashboards`
- `manifests`: the rules as Kubernetes and the chart take them, under `deploy/`, written by the same command
- `provisioning/`: where Grafana finds them
"""
