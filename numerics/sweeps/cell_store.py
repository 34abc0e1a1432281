"""The results of a sweep on disk, safe against every kind of death.

A folder with ``manifest.json`` (the plan, its fingerprint, the software) and one npz shard for
each chunk of cells.  A shard is written beside its place, synced, moved there and the folder
synced, so it is whole or absent; a checksum inside tells damage that came later.  The plan's
fingerprint in each shard tells shards of another sweep.  What is done is what the shards list,
so nothing else has to be kept in step.

A grid may grow (:mod:`numerics.sweeps.grown_grid`): the manifest then lists the plans of the
smaller grids as well, whose shards stay as they are.

One process writes; a lock that dies with it keeps a second one out.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from numerics.support.errors import SweepError
from numerics.support.files import TEMPORARY_PREFIX, read_arrays, write_file
from numerics.sweeps.declaration import DeclaredSweep
from numerics.sweeps.grown_grid import PlacedGrid, place_grid

__all__ = ["CellStore"]

MANIFEST = "manifest.json"
LOCK = ".lock"
FORMAT = 1


class CellStore:
    """The cells of one sweep that are done.

    Parameters
    ----------
    folder : str or Path
        Made if need be.
    plan : DeclaredSweep
        What is stored; another plan's folder is refused.
    resume : bool
        Go on with what is there, on the same grid or a larger one; without it, a folder that holds
        results is refused.

    Attributes
    ----------
    dropped : list of str
        Damaged shards that were found and deleted; their cells are missing again.

    Raises
    ------
    SweepError
        In one line, if the folder holds another sweep, other formulas, shards of another sweep
        or, without ``resume``, any result; or if another process writes to it.
    """

    def __init__(self, folder: str | Path, plan: DeclaredSweep, *, resume: bool = False) -> None:
        self.folder, self.plan = Path(folder), plan
        self.dropped: list[str] = []
        self._done: dict[int, Path] = {}
        own = place_grid(plan, plan)
        assert own is not None, "a grid is a part of itself"
        self._grids: dict[str, PlacedGrid] = {plan.fingerprint: own}
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock: IO[str] | None = _lock(self.folder / LOCK)
        try:
            self._open(resume)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> CellStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._done)

    def close(self) -> None:
        """Let other processes write."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @staticmethod
    def erase(folder: str | Path) -> None:
        """Delete what a store keeps in a folder, and the folder if nothing else is in it."""
        folder = Path(folder)
        if not folder.exists():
            return
        with_lock = _lock(folder / LOCK)
        for pattern in (f"{TEMPORARY_PREFIX}*", "cells-*.npz", MANIFEST, LOCK):
            for path in folder.glob(pattern):
                path.unlink(missing_ok=True)
        with_lock.close()
        if not any(folder.iterdir()):
            folder.rmdir()

    def missing(self) -> list[int]:
        """Return the indices of the cells that are not done, in order."""
        return [index for index in range(len(self.plan)) if index not in self._done]

    def add(self, indices: Iterable[int], results: Mapping[str, NDArray[Any]]) -> Path:
        """Store a chunk of cells; when it returns, they will survive a crash.

        Parameters
        ----------
        indices : iterable of int
            Places of the cells in the flattened grid.
        results : mapping
            An array for each variable, whose first axis is that of the indices.

        Raises
        ------
        OSError
            If the disk is full, for instance; nothing is left behind then.
        """
        places = np.array(list(indices), dtype=np.int64)
        arrays = {"indices": places}
        for name, variable in self.plan.variables.items():
            arrays[name] = np.asarray(results[name]).astype(variable.dtype)
        arrays["fingerprint"] = np.array(self.plan.fingerprint)
        arrays["checksum"] = np.array(_checksum(arrays))
        # Of its cells and their grid, so that a chunk that is computed twice replaces itself.
        digest = hashlib.sha256(places.tobytes() + self.plan.fingerprint.encode()).hexdigest()
        path = write_file(self.folder / f"cells-{places[0]:07d}-{digest[:12]}.npz", _packed(arrays))
        self._done |= dict.fromkeys((int(x) for x in places), path)
        return path

    def load(self) -> dict[str, NDArray[Any]]:
        """Return the results of all cells in the shape of the grid; absent ones have the fill."""
        plan = self.plan
        whole = {
            name: np.full((len(plan), *plan.tail_shape(name)), variable.fill, variable.dtype)
            for name, variable in plan.variables.items()
        }
        for path in sorted(set(self._done.values())):
            shard = _read(path)
            grid = self._grids[str(shard["fingerprint"])]
            for name, values in whole.items():
                grid.put(values, shard["indices"], shard[name], plan.variables[name].tail)
        return {name: x.reshape(*plan.shape, *x.shape[1:]) for name, x in whole.items()}

    def _open(self, resume: bool) -> None:
        for leftover in self.folder.glob(f"{TEMPORARY_PREFIX}*"):
            leftover.unlink(missing_ok=True)
        shards = sorted(self.folder.glob("cells-*.npz"))
        manifest = self.folder / MANIFEST
        smaller: list[dict[str, Any]] = []
        if manifest.exists():
            smaller = self._compare(manifest)
        elif shards:
            raise SweepError(f"{self.folder} holds {len(shards)} shards but no {MANIFEST}")
        self._list(shards)
        if shards and not resume:
            raise SweepError(
                f"{self.folder} holds {len(self)} of {len(self.plan)} cells of this sweep: "
                "resume it, or remove the folder"
            )
        if smaller or not manifest.exists():
            told = {"format": FORMAT, **self._identity()} | (
                {"smaller": smaller} if smaller else {}
            )
            write_file(manifest, json.dumps(told, indent=1))

    def _identity(self) -> dict[str, Any]:
        return {
            "fingerprint": self.plan.fingerprint,
            "plan": json.loads(self.plan.to_json()),
            "software": self.plan.software,
        }

    def _compare(self, manifest: Path) -> list[dict[str, Any]]:
        """Return the plans of smaller grids that the folder holds; refuse any other sweep."""
        own = self._identity()
        try:
            held = json.loads(manifest.read_text(encoding="utf-8"))
            mark, settings, software = (held[x] for x in ("fingerprint", "plan", "software"))
            smaller = [dict(x) for x in held.get("smaller", [])]
            if held.get("format") == FORMAT:
                if mark != self.plan.fingerprint:
                    smaller.append({"fingerprint": mark, "plan": settings})
                if software == self.plan.software and all(self._place(x) for x in smaller):
                    return smaller
            differences = _differences(settings, own["plan"])
            differences += _differences(software, own["software"])
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise SweepError(f"{manifest} is damaged: remove the folder") from error
        told = "; ".join(differences[:4]) or "another format"
        raise SweepError(f"{self.folder} holds another sweep: {told}")

    def _place(self, part: Mapping[str, Any]) -> bool:
        """Take a smaller grid's shards as well; False if it is no part of this one."""
        try:
            grid = place_grid(type(self.plan).from_json(json.dumps(part["plan"])), self.plan)
        except (ValueError, TypeError, KeyError):
            return False
        if grid is not None:
            self._grids[str(part["fingerprint"])] = grid
        return grid is not None

    def _list(self, shards: list[Path]) -> None:
        for path in shards:
            try:
                shard = _read(path)
            except _DamagedError:
                path.unlink()
                self.dropped.append(path.name)
                continue
            grid = self._grids.get(str(shard["fingerprint"]))
            if grid is None:
                raise SweepError(f"{path} is a shard of another sweep: remove it")
            self._done |= dict.fromkeys((int(x) for x in grid.places[shard["indices"]]), path)


class _DamagedError(Exception):
    """A shard that does not read as it was written."""


def _lock(path: Path) -> IO[str]:
    """Return an open file that only this process holds."""
    file = open(path, "w")
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:
        pass  # No such lock on this system; the shards stay whole all the same.
    except OSError as error:
        file.close()
        raise SweepError(f"{path.parent} is being written by another process") from error
    return file


def _packed(arrays: Mapping[str, Any]) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def _read(path: Path) -> dict[str, NDArray[Any]]:
    try:
        arrays = read_arrays(path)
        sound = str(arrays.pop("checksum")) == _checksum(arrays)
    except (ValueError, KeyError) as error:
        raise _DamagedError from error
    if not sound:
        raise _DamagedError
    return arrays


def _checksum(arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name, values in sorted(arrays.items()):
        digest.update(f"{name} {values.dtype.str} {values.shape}\0".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _differences(held: Mapping[str, object], wanted: Mapping[str, object]) -> list[str]:
    """Return what differs between two tables, each in a few words."""
    told = []
    for name in sorted({*held, *wanted}):
        old, new = held.get(name), wanted.get(name)
        if old == new:
            continue
        if isinstance(old, list | tuple) and isinstance(new, list | tuple):
            old, new = (f"{x[0]} ... {x[-1]} ({len(x)} values)" for x in (old, new))
        told.append(f"{name} was {old}, is {new}")
    return told
