"""Damaged text and files for everything that reads them: ``python tests/fuzz parsers``.

Valid inputs (:mod:`parsers`) are mutated: bytes flipped, cut, repeated, spliced, or replaced by
tokens of the format.  What is refused must be refused as :mod:`judge` asks; what is accepted must
have the property that the parser promises.  Where ``atheris`` is installed, the mutations can be
guided by the branches that they reach.
"""

import random
import sys
import tempfile
import time
import warnings

from fuzzer import Tally
from judge import HangError, Verdict, judged, limited
from parsers import PARSERS, file_in

__all__ = ["fuzz", "guided", "try_input"]

#: Longest input; what is longer is cut.
LONGEST = 20_000


def try_input(name, data):
    """Give bytes to a parser and return the verdict."""
    parser = PARSERS[name]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            with limited():
                sound = parser.read(data[:LONGEST], folder)
        except HangError:
            return Verdict("hang", "too long")
        except Warning as warning:
            return Verdict("warning", f"{type(warning).__name__}: {warning}")
        except (Exception, SystemExit) as error:
            return judged(error, parser.named)
    return Verdict("accepted" if sound else "silent")


def mutated(rng, seeds, tokens):
    """Return one of the seeds with a few mutations."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((0, 1, 1, 2, 3, 5, 8))):
        place, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
        end = min(end, place + rng.choice((1, 4, 64, LONGEST)))
        kind = rng.randrange(6)
        if kind == 0 and place < len(data):
            data[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[place:end]
        elif kind == 2:
            data[place:place] = data[place:end] * rng.choice((1, 2, 50))
        elif kind == 3 and tokens:
            data[place : rng.choice((place, end))] = rng.choice(tokens)
        elif kind == 4:
            data[place:end] = rng.choice(seeds)[place:end]
        else:
            data[place:place] = rng.randbytes(rng.choice((1, 2, 8)))
        del data[LONGEST:]
    return bytes(data)


def fuzz(calls, seed, only=""):
    """Try every seed, then mutations of them, as many of each parser; return the tally."""
    tally = Tally()
    names = [x for x in PARSERS if only in x]
    for name in names:
        rng, seeds = random.Random(f"{seed} {name}"), PARSERS[name].seeds()
        for number in range(max(1, calls // len(names))):
            first = number < len(seeds)
            data = seeds[number] if first else mutated(rng, seeds, PARSERS[name].tokens)
            tally.add(name, {"bytes": repr(data)[:200]}, try_input(name, data))
    return tally


def guided(seconds, name):
    """Let atheris look for inputs that reach new branches of one parser; it ends the process."""
    import atheris

    tally, seen = Tally(), set()
    started = time.monotonic()

    def one(data):
        verdict = try_input(name, data)
        before = len(tally.offenders)
        tally.add(name, {"bytes": repr(data)[:200]}, verdict)
        if len(tally.offenders) > before and verdict.detail not in seen:
            seen.add(verdict.detail)
            print(f"{verdict.kind} {name} {data[:200]!r} {verdict.detail}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(PARSERS[name].seeds()):
            file_in(data, folder, str(number))
        dictionary = file_in(_dictionary(PARSERS[name].tokens), folder, "tokens.dict")
        options = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-timeout=120"]
        options += [f"-dict={dictionary}", "-print_final_stats=1", folder]
        atheris.Setup([sys.argv[0], *options], one)
        atheris.Fuzz()
    print(tally.table(), f"{time.monotonic() - started:.0f} s")


def _dictionary(tokens):
    """Return tokens in the form of libFuzzer's dictionaries."""
    quoted = ("".join(f"\\x{x:02x}" for x in token) for token in tokens if 0 < len(token) < 100)
    return "\n".join(f'"{x}"' for x in quoted).encode()
