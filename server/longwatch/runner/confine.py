"""Takes from a runner process what no query needs, by the system's own means.

Linux's Landlock (5.13 and later; no privileges needed) lets a process give up rights for good:
here all writing outside one folder, running programs, and TCP. An engine's own jail is made of
its settings and its parser; this holds when those have a hole. The numbers are those of
`linux/landlock.h`.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from pathlib import Path
from typing import Final

_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_ASK_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_NO_NEW_PRIVS: Final = 38

_EXECUTE: Final = 1 << 0
_CHANGE_FILES: Final = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8
"""Write to a file, remove folders and files, make folders and files."""
_MAKE_OTHER: Final = 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12
"""Make devices, sockets, pipes and links."""
_TRUNCATE: Final = 1 << 14
_TCP: Final = 1 << 0 | 1 << 1

_TRUNCATE_SINCE: Final = 3
_TCP_SINCE: Final = 4


def confine(folder: Path, *, network: bool) -> bool:
    """Let this process write nowhere but in `folder`, and use TCP only with `network`.

    Threads that run already stay free, so this comes before an engine starts its own. Files that
    are open already stay open. False where the system cannot do it; never raises.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION))
    if version < 1:
        return False
    change = _CHANGE_FILES | (_TRUNCATE if version >= _TRUNCATE_SINCE else 0)
    tcp = 0 if network or version < _TCP_SINCE else _TCP
    given_up = struct.pack("QQ", change | _MAKE_OTHER | _EXECUTE, tcp)
    size = 16 if version >= _TCP_SINCE else 8
    rules = libc.syscall(_CREATE_RULESET, given_up, ctypes.c_size_t(size), ctypes.c_uint32(0))
    if rules < 0:
        return False
    try:
        return _allow(libc, rules, folder, change) and _enforce(libc, rules)
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, folder: Path, rights: int) -> bool:
    try:
        place = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        rule = struct.pack("=Qi", rights, place)
        done: int = libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, rule, ctypes.c_uint32(0))
    finally:
        os.close(place)
    return done == 0


def _enforce(libc: ctypes.CDLL, rules: int) -> bool:
    zero = ctypes.c_ulong(0)
    if libc.prctl(_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero) != 0:
        return False
    done: int = libc.syscall(_RESTRICT_SELF, rules, ctypes.c_uint32(0))
    return done == 0
