"""Plants wrong formulas one at a time and records which net notices: ``python tests/mutation``.

Each mutant (:mod:`mutants`) is planted in a copy of the tree with a cache of its own; the proofs,
the tests and the claims of its family run on it, each up to the first that fails.  The table
``tests/mutation/results.csv`` keeps what was found; a mutant that it has is left out unless
``--again`` is given.
"""

import argparse
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

# Before any BLAS is loaded; forked processes inherit it.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["MPLBACKEND"] = "agg"
sys.path.insert(0, str(Path(__file__).parent))

from results import COLUMNS, RESULTS, read, write  # noqa: E402


def main():
    """Run the mutants and print the score."""
    from mutant import NETS, ROOT
    from mutants import FAMILIES
    from nets import prepare
    from score import caught, summary, tables

    parser = argparse.ArgumentParser(prog="python tests/mutation", description=__doc__)
    option = parser.add_argument
    option("--family", nargs="+", default=[], help="families whose name has one of these in it")
    option("--mutant", nargs="+", default=[], help="keys of single mutants")
    option("--nets", default=",".join(NETS), help="which nets run, with commas")
    option("--workers", type=int, default=1)
    option("--limit", type=float, default=300.0, help="seconds for one mutant")
    option("--again", action="store_true", help="also those that the table has")
    option("--survivors", action="store_true", help="those that no net has caught")
    option("--cache", help="folder of compiled kernels to start from (default: none)")
    option("--results", type=Path, default=RESULTS, help="the table")
    option("--baseline", action="store_true", help="run every net on the tree as it is")
    option("--docs", action="store_true", help="write the tables of the documentation")
    option("--score", action="store_true", help="print the score of the table and run nothing")
    options = parser.parse_args()
    listed = {x.key for family in FAMILIES for x in family.mutants}
    known = {key: row for key, row in read(options.results).items() if key in listed}
    if options.baseline:
        return baseline(FAMILIES, options)
    if not options.score:
        nets = [x for x in NETS if x in options.nets.split(",")]
        plan = []
        for family in FAMILIES:
            for place, mutant in enumerate(family.mutants):
                row = known.get(mutant.key, {})
                chosen = not options.family or any(x in family.name for x in options.family)
                chosen &= not options.mutant or mutant.key in options.mutant
                if options.survivors:
                    chosen &= bool(row) and not any(caught(row[x]) for x in NETS)
                todo = [x for x in nets if options.again or not row.get(x)]
                if chosen and todo:
                    plan.append((place, mutant, family, todo))
        prepare()
        # A run that is cut short has seen something of every family.
        plan.sort(key=lambda item: item[0])
        Run(ROOT, known, options).examine([item[1:] for item in plan])
    print(summary(FAMILIES, known))
    if options.docs:
        write(options.results, known)
        for path, text in tables(FAMILIES, known).items():
            path.write_text(text)
    return 0


def baseline(families, options):
    """Run the nets of every family without a mutant: what they notice then is a fault of theirs."""
    from mutant import NETS, ROOT, Mutant
    from nets import prepare
    from score import caught

    prepare()
    none = Mutant("setup.cfg", "[metadata]", "[metadata]", "constant")
    chosen = [x for x in families if not options.family or any(y in x.name for y in options.family)]
    options.results, alarms = Path(os.devnull), []
    run = Run(ROOT, {}, options)
    run.record = lambda mutant, family, found, seconds: (
        print(f"{seconds:4.0f} s  {family.name}: {found}", flush=True),
        alarms.extend(f"{family.name}: {x}" for x in found.values() if caught(x)),
    )
    nets = [x for x in NETS if x in options.nets.split(",")]
    run.examine([(none, family, nets) for family in chosen])
    print("\n".join(alarms) or "nothing was noticed where nothing is wrong")
    return 1 if alarms else 0


class Run:
    """A run of many mutants, some at a time."""

    def __init__(self, root, known, options):
        self.root, self.known, self.options = root, known, options
        self.context = multiprocessing.get_context("fork")

    def examine(self, plan):
        """Examine each mutant and keep the table up to date."""
        waiting, running = list(plan), []
        with tempfile.TemporaryDirectory() as folder:
            while waiting or running:
                while waiting and len(running) < self.options.workers:
                    running.append(Examination(self, Path(folder), *waiting.pop(0)))
                running = [x for x in running if not x.finished()]
                time.sleep(0.05)

    def record(self, mutant, family, found, seconds):
        """Add to the row of a mutant and write the table."""
        row = self.known.get(mutant.key, dict.fromkeys(COLUMNS, ""))
        row |= {"key": mutant.key, "family": family.name, "kind": mutant.kind, "file": mutant.file}
        row |= found | {"seconds": f"{seconds:.0f}"}
        self.known[mutant.key] = row
        write(self.options.results, self.known)
        words = "  ".join(f"{net}: {verdict}" for net, verdict in found.items())
        print(f"{mutant.key} {seconds:4.0f} s  {family.name}: {words}", flush=True)


class Examination:
    """One mutant in its own tree and process."""

    def __init__(self, run, folder, mutant, family, nets):
        from nets import run_nets

        self.run, self.mutant, self.family, self.begun = run, mutant, family, time.monotonic()
        self.nets = {net: getattr(family, net) for net in nets}
        self.folder = folder / f"{mutant.key}_{family.name.replace(' ', '_')}"
        tree, cache = self.folder / "tree", self.folder / "cache"
        for name in ("theory", "numerics", "verify", "mixed_dynamics", "tests"):
            # With its byte code: what is not edited need not be compiled again.
            ignored = shutil.ignore_patterns("results.csv")
            shutil.copytree(run.root / name, tree / name, ignore=ignored)
        for name in ("setup.cfg", "README.md", "pyproject.toml"):
            if (run.root / name).is_file():
                shutil.copy(run.root / name, tree)
        mutant.plant(tree)
        if run.options.cache:
            # Links: kernels that a mutant does not change need no second compilation.
            shutil.copytree(run.options.cache, cache, copy_function=os.link)
        else:
            cache.mkdir()
        work = {net: names for net, names in self.nets.items() if names}, tree, cache, self.folder
        self.process = run.context.Process(target=run_nets, args=work)
        self.process.start()

    def finished(self):
        """Tell whether the mutant is examined, or its time is up; then record it."""
        seconds = time.monotonic() - self.begun
        if self.process.is_alive() and seconds < self.run.options.limit:
            return False
        self.process.kill()
        self.process.join()
        self.run.record(
            self.mutant, self.family, {net: self._verdict(net) for net in self.nets}, seconds
        )
        shutil.rmtree(self.folder)
        return True

    def _verdict(self, net):
        from score import LATE, NONE, SURVIVED

        if not self.nets[net]:
            return NONE
        report = self.folder / net
        # Where time was up nothing has noticed so far.
        return report.read_text() or SURVIVED if report.is_file() else LATE


if __name__ == "__main__":
    sys.exit(main())
