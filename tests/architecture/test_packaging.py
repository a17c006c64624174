"""What `packaging/` ships for servers: it parses, and names only what there is."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import Any, Final

import click
import pytest
import yaml
from prometheus_client import CollectorRegistry

from longwatch.cli.app import commands
from longwatch.feed.hub import Traffic
from longwatch.secret_files import SecretFiles
from longwatch.settings import Settings
from longwatch.telemetry.metrics import Metrics, Now
from longwatch.version import version

PACKAGING: Final = Path(__file__).parents[2] / "packaging"
UNITS: Final = sorted((PACKAGING / "systemd").glob("*.service"))
YAML: Final = sorted(PACKAGING.rglob("*.yaml"))
CONTAINER_COMMAND: Final = {"serve", "worker"}
OTHERS_VARIABLES: Final = {
    "LONGWATCH_URL",  # of the client
    "LONGWATCH_NAME",  # of the Compose file and the Caddyfile
    "LONGWATCH_BEHIND",
}


def texts() -> Iterator[tuple[str, str]]:
    for path in sorted(PACKAGING.rglob("*")):
        if path.is_file() and path.suffix not in {".py", ".txt", ".pyc"}:
            yield path.relative_to(PACKAGING).as_posix(), path.read_text(encoding="utf-8")


def documents(path: Path) -> list[Any]:
    return [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one]


def called() -> Iterator[tuple[str, list[str]]]:
    """Every command line of ours: where it stands, and its words after `longwatch`."""
    for name, text in texts():
        lines = text.replace("\\\n", " ").splitlines()
        for line in lines:
            if name.endswith(".md"):
                found = re.findall(r"`(longwatch [^`]+)`", line)
                found += re.findall(r"(?:^| -- )(longwatch [^`]+)$", line)
            else:
                found = re.findall(r"(?:/bin/|^Exec\w+=|exec server )(longwatch .+)", line)
            for one in found:
                words = shlex.split(re.split(r"[|>#]| 2>", one)[0])
                if len(words) > 1 and words[1].isalpha():
                    yield f"{name}: {one}", words[1:]
    compose = documents(PACKAGING / "container" / "compose.yaml")[0]
    for service in compose["services"].values():
        if service.get("image") == "longwatch":
            yield "compose.yaml", list(map(str, service["command"]))
    for path in (PACKAGING / "kubernetes").glob("*.yaml"):
        for container in containers(path):
            if container["image"] == "longwatch":
                yield path.name, list(map(str, container["args"]))


def containers(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for document in documents(path):
        template = document.get("spec", {}).get("template", {})
        found += template.get("spec", {}).get("containers", [])
    return found


@pytest.mark.parametrize("path", YAML, ids=lambda path: path.name)
def test_yaml_can_be_read(path: Path) -> None:
    assert documents(path)


def test_commands_and_their_options_exist() -> None:
    lines = list(called())
    assert len(lines) > 12
    for where, words in lines:
        command: click.Command | None = commands
        name = ""
        rest = list(words)
        while isinstance(command, click.Group) and rest:
            name = f"{name} {rest[0]}".strip()
            command = command.commands.get(rest.pop(0))
        assert command is not None, f"{where}: there is no `longwatch {name}`"
        known = {option for one in command.params for option in one.opts}
        for option in (word.partition("=")[0] for word in rest if word.startswith("-")):
            assert option in known, f"{where}: {option}"


def test_environment_variables_are_settings() -> None:
    files = SecretFiles(Settings)
    known = {f"LONGWATCH_{name}".upper() for name in Settings.model_fields}
    known |= {files.variable(name) for name in Settings.model_fields if files.takes_file(name)}
    for name, text in texts():
        for variable in re.findall(r"LONGWATCH_[A-Z_]+", text):
            assert variable in known | OTHERS_VARIABLES, f"{name}: {variable}"


def test_settings_of_the_runbook_exist() -> None:
    text = (PACKAGING / "RUNBOOK.md").read_text(encoding="utf-8")
    for toml in re.findall(r"```toml\n(.*?)```", text, re.DOTALL):
        for name in re.findall(r"^(\w+) =", toml, re.MULTILINE):
            assert name in Settings.model_fields
    for name in ("drain_s", "keep_results_bytes", "max_running_per_owner", "metrics_public"):
        assert f"`{name}" in text
        assert name in Settings.model_fields


def test_alerts_and_the_runbook_ask_for_metrics_there_are() -> None:
    counted = Metrics("0", lambda _source: "duckdb", Traffic())
    now = Now({}, None, 0, 0, 0, 1)
    exported = set(re.findall(r"^# TYPE (\w+)", counted.text(now).decode(), re.MULTILINE))
    assert isinstance(counted._registry, CollectorRegistry)
    rules = (PACKAGING / "prometheus" / "longwatch.rules.yaml").read_text(encoding="utf-8")
    runbook = (PACKAGING / "RUNBOOK.md").read_text(encoding="utf-8")
    asked = set(re.findall(r"\b(longwatch_[a-z_]+)\b", rules + runbook)) - {"longwatch_reader"}
    assert len(asked) > 10
    for name in asked:
        assert re.sub(r"_(bucket|sum|count)$", "", name) in exported, name
    sections = set(re.findall(r"^\*\*(.+?)\*\*", runbook, re.MULTILINE))
    for told in re.findall(r"RUNBOOK: ([^\"]+?)\.?\" \}", rules):
        assert any(one.rstrip(".").startswith(told) for one in sections), told


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
def test_units_are_sound_and_hardened(tmp_path: Path) -> None:
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/longwatch/bin/longwatch", "/bin/true")
        copy = tmp_path / unit.name.replace("@", "@blue")
        copy.write_text(text)
        done = subprocess.run(
            ["systemd-analyze", "verify", str(copy)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        looked = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--threshold=25", str(copy)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert looked.returncode == 0, looked.stdout[-2000:]


@pytest.mark.skipif(shutil.which("appstreamcli") is None, reason="no appstreamcli")
def test_software_centres_understand_what_they_are_told() -> None:
    (metainfo,) = (PACKAGING / "bundle").glob("*.metainfo.xml")
    done = subprocess.run(
        ["appstreamcli", "validate", "--no-net", str(metainfo)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    text = metainfo.read_text(encoding="utf-8")
    assert f'version="{version()}"' in text
    assert "longwatch.desktop</launchable>" in text


def test_the_desktop_entry_opens_files() -> None:
    entry = ConfigParser(interpolation=None)
    entry.optionxform = str  # type: ignore[assignment,method-assign] # keys have capitals
    entry.read(PACKAGING / "bundle" / "longwatch.desktop", encoding="utf-8")
    found = entry["Desktop Entry"]
    program, command, files = found["Exec"].split()
    assert (program, files) == ("longwatch", "%F")
    assert command in commands.commands
    assert found["Icon"] == "longwatch"
    assert (PACKAGING.parent / "resources" / "icons" / "longwatch.svg").exists()


def test_units_wait_longer_than_queries_may_take() -> None:
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8")
        (drain,) = re.findall(r"(?:LONGWATCH_DRAIN_S=|--drain )(\d+)", text)
        (stop,) = re.findall(r"^TimeoutStopSec=(\d+)", text, re.MULTILINE)
        assert int(stop) >= int(drain) + 20


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl")
def test_kustomize_puts_the_manifests_together() -> None:
    done = subprocess.run(
        ["kubectl", "kustomize", str(PACKAGING / "kubernetes")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = [one for one in yaml.safe_load_all(done.stdout) if one]
    assert {one["kind"] for one in found} > {"StatefulSet", "Deployment", "Service", "Ingress"}


def test_kubernetes_containers_may_do_little() -> None:
    kubernetes = sorted((PACKAGING / "kubernetes").glob("*.yaml"))
    files = {path.name for path in kubernetes} - {"kustomization.yaml"}
    (kustomization,) = documents(PACKAGING / "kubernetes" / "kustomization.yaml")
    assert set(kustomization["resources"]) == files
    found = [container for path in kubernetes for container in containers(path)]
    assert len(found) == 4
    for container in found:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = container.get(probe, {}).get("httpGet")
            if asked is not None:  # the server answers to no pod's address
                assert asked["httpHeaders"] == [{"name": "Host", "value": "localhost"}]


def test_the_image_is_built_of_what_there_is_and_runs_as_nobody_special() -> None:
    text = (PACKAGING / "container" / "Dockerfile").read_text(encoding="utf-8")
    text = text.replace("\\\n", " ")
    ignored = (PACKAGING / "container" / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    copied = [line.split()[1:-1] for line in text.splitlines() if re.match(r"COPY (?!--)", line)]
    for source in (one for line in copied for one in line):
        assert (PACKAGING.parent / source).exists(), source
        assert f"!{source}" in ignored, source
    (entry,) = re.findall(r"^ENTRYPOINT (.+)$", text, re.MULTILINE)
    (command,) = re.findall(r"^CMD (.+)$", text, re.MULTILINE)
    assert json.loads(entry) == ["longwatch"]
    assert json.loads(command)[0] in commands.commands
    assert text.index("USER 10001") < text.index("ENTRYPOINT")
    assert "HEALTHCHECK" in text
    (health,) = re.findall(r"HEALTHCHECK .+? CMD (\[.+\])", text)
    compile(json.loads(health)[2], "healthcheck", "exec")
    extras = set(re.findall(r'"\.\[([\w,]+)\]"', text)[0].split(","))
    project = (PACKAGING.parent / "pyproject.toml").read_text(encoding="utf-8")
    assert all(re.search(rf"^{extra} = \[", project, re.MULTILINE) for extra in extras)


def test_no_secret_is_in_any_of_it() -> None:
    for name, text in texts():
        for variable in re.findall(
            r"^\s*[A-Z_]*(?:PASSWORD|TOKEN|SECRET)\w*[:=]\s*(\S+)", text, re.MULTILINE
        ):
            assert variable.startswith(("/run/secrets/", "%d/", "/etc/")), f"{name}: {variable}"
