"""The system's libraries that Qt wants: which are lacking, and who installs them."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from types import ModuleType

from checkout import ROOT, say
from steps import SetupFailed, quietly


def qt_libraries() -> ModuleType:
    """`longwatch.cli.qt_libraries`, before Longwatch is installed."""
    path = ROOT / "server" / "longwatch" / "cli" / "qt_libraries.py"
    spec = importlib.util.spec_from_file_location("qt_libraries", path)
    if spec is None or spec.loader is None:
        raise SetupFailed(f"{path} is missing: is the checkout complete?")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def qt_libraries_lacking(command: str) -> Mapping[str, str]:
    """Library → Debian package, of those `command` needs and this machine lacks."""
    if command == "check" or not sys.platform.startswith("linux"):
        return {}
    environment = dict(os.environ)
    if command == "run":
        # Without a display the sample query runs in the terminal, which Qt has no part in. Where
        # nothing can be installed, `longwatch` itself says so if it comes to opening the window.
        names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
        if not any(map(environment.get, names)) or not may_install():
            return {}
    elif command != "setup":
        environment["QT_QPA_PLATFORM"] = environment.get("QT_QPA_PLATFORM") or "offscreen"
    libraries = qt_libraries()
    lacking: Mapping[str, str] = libraries.missing(with_display=libraries.needs_xcb(environment))
    return lacking


def may_install() -> bool:
    return os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install_system_packages(lacking: Mapping[str, str]) -> None:
    """Install the packages that hold what is lacking, or say what to type."""
    libraries = qt_libraries()
    if not may_install():
        raise SetupFailed(libraries.install_hint(lacking))
    say(f"Installing system packages: {', '.join(dict.fromkeys(lacking.values()))}")
    # A machine that has just started may be updating itself.
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]
    # The lists may be older than the packages, and a fresh container has none.
    quietly("apt-get update", [*apt, "update"])
    quietly("apt-get install", [*apt, *libraries.apt_command(lacking)[1:]])
