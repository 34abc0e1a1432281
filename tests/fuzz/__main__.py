"""Bad input over the whole public surface: ``python tests/fuzz --help``."""

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Before any BLAS is loaded; workers inherit it.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["MPLBACKEND"] = "agg"
sys.path[:0] = [str(Path(__file__).parent / x) for x in ("", "text_and_files")]


def main():
    """Run the fuzzer and print its table and the offenders."""
    parser = argparse.ArgumentParser(prog="python tests/fuzz", description=__doc__)
    parser.add_argument(
        "what", nargs="?", default="calls", choices=("calls", "parsers", "commands")
    )
    parser.add_argument("--calls", type=int, help="in all; pairs follow when singles are done")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="callables whose name has this in it")
    parser.add_argument("--workers", type=int, default=1, help="processes of calls")
    parser.add_argument(
        "--guided", type=int, metavar="SECONDS", help="let atheris mutate for the parser of --only"
    )
    options = parser.parse_args()
    if options.guided is not None:
        import atheris

        # Branches are counted of what is imported here.
        with atheris.instrument_imports(include=["numerics", "theory", "verify"]):
            from mutation import guided

        return guided(options.guided, options.only)
    started = time.monotonic()
    total = {"calls": _calls, "parsers": _parsers, "commands": _commands}[options.what](options)
    print(total.listing())
    print(total.table())
    print(f"{len(total.offenders)} distinct offenders, {time.monotonic() - started:.0f} s")
    return 1 if total.offences else 0


def _parsers(options):
    from mutation import fuzz
    from parsers import PARSERS

    return fuzz(options.calls or 100 * len(PARSERS), options.seed, options.only)


def _commands(options):
    from commands import fuzz_commands, plan_of_commands

    return fuzz_commands(plan_of_commands(options.calls, options.seed, options.only))


def _calls(options):
    from fuzzer import Tally, plan_of, run_watched
    from surface import missing

    lacks = missing()
    if lacks:
        sys.exit("\n".join(lacks))
    plan = plan_of(options.calls, options.seed, options.only)
    total = Tally()
    # One part a worker; callables stay together, so that each is compiled in few processes.
    parts = [[] for _ in range(options.workers)]
    places = {x: k % options.workers for k, x in enumerate(sorted({x for x, _ in plan}))}
    for name, changes in plan:
        parts[places[name]].append((name, changes))
    with ThreadPoolExecutor(options.workers) as threads:
        for tally in threads.map(lambda part: run_watched(part, _told), parts):
            total.counts.update(tally.counts)
            total.offenders.update(tally.offenders)
    return total


def _told(done):
    if done % 2000 == 0:
        print(f"{done} calls", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
