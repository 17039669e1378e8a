"""The files under `deploy/`, built as `kubectl kustomize` and Helm build them, and their schemas."""

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.environments import locked

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "sidegate"
KUSTOMIZATIONS = ("base", "overlays/shared-redis", "overlays/proxy-only", "admission")
VERSIONS = ("1.35", "1.36", "1.37")

type Manifest = dict[str, Any]


@cache
def built(name: str) -> tuple[Manifest, ...]:
    """What `kubectl kustomize` makes of a folder of `deploy/kubernetes`."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    done = subprocess.run(
        ["kubectl", "kustomize", str(DEPLOY / "kubernetes" / name)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return tuple(documents(done.stdout))


def rendered(values: Manifest | None = None, *, release: str = "agents") -> tuple[Manifest, ...]:
    """What the chart renders to with `values` over its own. Raises ValueError with the engine's complaint."""
    whole = merged(read(CHART / "values.yaml"), values or {})
    given = {"Values": whole, "Release": {"Namespace": release, "Name": release}}
    done = subprocess.run(
        [renderer(), str(CHART)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        raise ValueError(done.stderr)
    return tuple(each for text in json.loads(done.stdout).values() for each in documents(text))


@cache
def renderer() -> str:
    """Go's template engine with the functions of Helm that the chart uses, compiled once."""
    folder = environment().parent.parent
    program, source = folder / "render", ROOT / "tests" / "deploy" / "programs" / "render.go"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        (go,) = folder.glob("lib/python3*/site-packages/go/bin/go") or [folder / "bin" / "go"]
        subprocess.run(
            [str(go), "build", "-o", str(program), str(source)],
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": str(folder),
                "GOFLAGS": "-mod=mod",
                "GOTOOLCHAIN": "local",
                "CGO_ENABLED": "0",
            },
            capture_output=True,
            timeout=600,
            check=True,
        )
    return str(program)


def environment() -> Path:
    """The interpreter beside which the tools of this folder's tests are."""
    try:
        return locked.python("deploy")
    except locked.NotInstallable as error:
        pytest.skip(str(error))


def complaints(manifests: tuple[Manifest, ...], *, version: str, folder: Path) -> str:
    """What the schemas of a Kubernetes version have against `manifests`; unknown members count."""
    file = folder / "manifests.yaml"
    file.write_text("\n---\n".join(json.dumps(each) for each in manifests))
    tool = environment().with_name("kubernetes-validate")
    done = subprocess.run(
        [str(tool), "--quiet", "-k", version, "--strict", str(file)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr or "failed"


def documents(text: str) -> list[Manifest]:
    """The documents of a text, without empty ones."""
    return [json.loads(json.dumps(each)) for each in YAML(typ="safe", pure=True).load_all(text) if each]


def read(path: Path) -> Any:
    """The one document of a file."""
    return YAML(typ="safe", pure=True).load(path.read_text())


def one(manifests: tuple[Manifest, ...], kind: str, name: str | None = None) -> Manifest:
    """The only one of its kind, or of its kind and name."""
    (found,) = [m for m in manifests if m["kind"] == kind and name in (None, m["metadata"]["name"])]
    return found


def pod(manifests: tuple[Manifest, ...]) -> Manifest:
    """The agent's pod, as a manifest of its own."""
    template: Manifest = one(manifests, "StatefulSet")["spec"]["template"]
    return {"apiVersion": "v1", "kind": "Pod", **template}


def container(spec: Manifest, name: str) -> Manifest:
    """One container of a pod's spec, wherever it stands."""
    (found,) = [c for c in [*spec.get("initContainers", []), *spec["containers"]] if c["name"] == name]
    return dict(found)


def merged(values: Manifest, over: Manifest) -> Manifest:
    """`values` with `over` put over them, as Helm does: mappings member by member, all else as a whole."""
    inner = {
        name: merged(values[name], part)
        if isinstance(part, dict) and isinstance(values.get(name), dict)
        else part
        for name, part in over.items()
    }
    return values | inner
