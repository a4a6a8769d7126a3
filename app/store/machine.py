"""Which computer this is, so that a store that came from another one is noticed."""

import re
import socket
import subprocess
import sys
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

_LINUX_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


@lru_cache(maxsize=1)
def machine_id() -> str:
    """Return a mark of this computer that survives a restart; `""` where there is none to be had.

    It is a hash: the system's own number is not to be handed about (machine-id(5)).
    """
    found = _system_id()
    return sha256(f"concord {found}".encode()).hexdigest()[:16] if found else ""


def host_name() -> str:
    """Return this computer's name, for people to read."""
    return socket.gethostname()


def _system_id() -> str:
    if sys.platform == "win32":
        return _windows_id()
    if sys.platform == "darwin":
        return _mac_id()
    for file in _LINUX_FILES:
        try:
            found = file.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if found:
            return found
    return ""


def _mac_id() -> str:
    command = ["/usr/sbin/ioreg", "-rd1", "-c", "IOPlatformExpertDevice"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=5)  # noqa: S603 - the system's own program
    except (OSError, subprocess.SubprocessError):
        return ""
    found = re.search(r'"IOPlatformUUID" = "([^"]+)"', told.stdout)
    return found.group(1) if found else ""


if sys.platform == "win32":
    import winreg

    def _windows_id() -> str:
        try:
            with winreg.OpenKey(
                winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography"
            ) as key:
                return str(winreg.QueryValueEx(key, "MachineGuid")[0])
        except OSError:
            return ""
