"""A root file system of its own: this machine's programs under a Python that has only pip, as the base image has it.

No engine is needed: mount namespaces (unshare), overlays and chroot do it, for which one must be root. What is done in
it touches none of the machine's own files.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

#: Of the machine's environment, only what leads to its package index.
_NETWORK = ("PIP_INDEX_URL", "PIP_CERT", "PIP_TIMEOUT", "PIP_DEFAULT_TIMEOUT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
_PROXY = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_BASE_PYTHON = Path(sys.base_prefix)
_LINKS = ("bin", "sbin", "lib", "lib64")


def missing() -> str:
    """Why there can be no jail here, empty if there can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "replaying a Dockerfile needs Linux and root (mount namespaces)"
    done = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True, check=False)
    return f"no mount namespaces: {done.stderr}" if done.returncode else ""


@dataclass
class Jail:
    """A root file system that lasts in `folder`.

    Attributes:
        folder: holds it, and what was changed of the machine's directories.
        cache: pip's cache, shared by jails.
        base: begin as a copy of that one, in which nothing has been run yet; spares making its Python anew.
    """

    folder: Path
    cache: Path
    base: Jail | None = None
    overlaid: list[Path] = field(default_factory=list)

    @property
    def root(self) -> Path:
        """Its root, where what is in no overlay can be looked at from outside."""
        return self.folder / "root"

    def __post_init__(self) -> None:
        for name in ("usr", "etc", "dev", "proc", "opt", "run", "data", "tmp", "var"):
            (self.root / name).mkdir(parents=True)
        (self.root / "tmp").chmod(0o1777)
        for name in _LINKS:
            if Path("/", name).is_symlink():
                (self.root / name).symlink_to(f"usr/{name}")
        self.overlaid = [Path("/usr")]
        if not _BASE_PYTHON.is_relative_to("/usr"):
            self.overlaid.append(_BASE_PYTHON)
        if self.base:
            for place in self.overlaid:
                source, target = (jail.folder / "changed" / str(place).strip("/") for jail in (self.base, self))
                target.mkdir(parents=True)
                subprocess.run(["cp", "--archive", source / "upper", target], check=True)
            return
        python = _BASE_PYTHON / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
        self.run(f"{python} -m venv /usr/local", {"PATH": "/usr/bin:/bin"})

    def run(self, command: str, environment: Mapping[str, str]) -> str:
        """A command of the shell as root; what it says.

        Raises:
            AssertionError: it failed; with the end of what it said.
        """
        network = {name: os.environ[name] for name in (*_NETWORK, *_PROXY) if name in os.environ}
        words = ["/bin/sh", "-c", command]
        script = self._script(network | dict(environment), words, read_only=False, mounts={"/cache": self.cache})
        done = subprocess.run(script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}"
        return done.stdout

    def start(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        user: str,
        mounts: Mapping[str, Path],
        log: Path,
    ) -> subprocess.Popen[str]:
        """A command as `user` (uid:gid) with no rights; writable are /tmp and what the user owns in `mounts`."""
        uid, gid = user.split(":")
        rights = ["--reuid", uid, "--regid", gid, "--clear-groups", "--no-new-privs", "--bounding-set=-all"]
        script = self._script(environment, ["setpriv", *rights, "--", *words], read_only=True, mounts=mounts)
        with log.open("w") as output:
            return subprocess.Popen(script, stdout=output, stderr=output, text=True)

    def _script(
        self, environment: Mapping[str, str], words: Sequence[str], *, read_only: bool, mounts: Mapping[str, Path]
    ) -> list[str]:
        root = self.root
        lines = ["set -eu", "mount --make-rprivate /", f"mount --bind {root} {root}"]
        writable = []
        for place in self.overlaid:
            changes, work = (self.folder / "changed" / str(place).strip("/") / kind for kind in ("upper", "work"))
            for folder in (changes, work, root / str(place).strip("/")):
                folder.mkdir(parents=True, exist_ok=True)
            options = f"lowerdir={place},upperdir={changes},workdir={work}"
            lines.append(f"mount -t overlay overlay -o {options} {root}{place}")
            writable.append(f"{root}{place}")
        lines += [f"mount --bind /{name} {root}/{name}" for name in ("etc", "dev", "proc")]
        lines.append(f"mount -o remount,ro,bind {root}/etc")
        if read_only:
            lines += [f"mount -o remount,ro {place}" for place in writable]
            lines.append(f"mount -t tmpfs -o mode=1777 tmpfs {root}/tmp")
        for inside, outside in mounts.items():
            lines += [f"mkdir -p {root}{inside}", f"mount --bind {outside} {root}{inside}"]
        if read_only:
            lines.append(f"mount -o remount,ro,bind {root}")
        pairs = [f"{name}={value}" for name, value in environment.items()]
        lines.append(shlex.join(["exec", "chroot", str(root), "env", "-i", *pairs, *words]))
        return ["unshare", "--mount", "--", "/bin/sh", "-c", "\n".join(lines)]

    def size(self) -> int:
        """Bytes that /opt holds."""
        files = (path for path in (self.root / "opt").rglob("*") if path.is_file() and not path.is_symlink())
        return sum(path.stat().st_size for path in files)

    def copy_in(self, source: Path, target: str) -> None:
        """A file or a directory's content; `target` ends with a slash if it is a directory."""
        place = self.root / target.strip("/")
        if source.is_dir():
            shutil.copytree(source, place, symlinks=True, dirs_exist_ok=True)
        else:
            place = place / source.name if target.endswith("/") else place
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, place)
