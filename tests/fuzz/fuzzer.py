"""Plans of calls and their run, in processes that are watched from outside.

Every callable x every argument x every bad value comes first, each once, in an order that the seed
decides; calls with two bad arguments follow, drawn at random.  A worker that answers nothing for
too long, or dies, is replaced, and its call is a hang or a crash.
"""

import collections
import itertools
import multiprocessing
import os
import random
import sys
import tempfile
import zlib
from dataclasses import dataclass, field

from bad_values import BAD, NEARLY_RIGHT, bad_value, names_of
from judge import OFFENCES, Verdict, judge, valid_call
from surface import CALLS, arguments_of

__all__ = ["EmptyFolder", "Tally", "pairs", "quick_plan", "run_here", "run_watched", "singles"]

#: Seconds after which a worker that has said nothing is taken for dead.
SILENCE = 120.0


@dataclass
class Tally:
    """Counts of what became of calls, and the distinct offenders."""

    counts: collections.Counter = field(default_factory=collections.Counter)
    offenders: dict = field(default_factory=dict)

    def add(self, name, changes, verdict):
        """Count a call; an offender is a callable, its arguments and the words of the offence."""
        self.counts[verdict.kind] += 1
        if verdict.kind in OFFENCES:
            # A value's type may stand in the words: what is in quotes tells no two apart.
            key = name, tuple(changes), verdict.kind, verdict.detail[:60]
            self.offenders.setdefault(key, (verdict.detail, []))[1].append(tuple(changes.values()))

    @property
    def offences(self):
        """Number of calls that broke the promise."""
        return sum(self.counts[x] for x in OFFENCES)

    def table(self):
        """Return the table of the counts, one line each."""
        lines = [f"{'calls':16}{sum(self.counts.values()):8d}"]
        lines += [f"{x:16}{self.counts[x]:8d}" for x in ("refused", "accepted", *OFFENCES)]
        return "\n".join(lines)

    def listing(self):
        """Return the distinct offenders, one line each."""
        lines = []
        for (name, arguments, kind, _), (detail, values) in sorted(
            self.offenders.items(), key=lambda x: x[0][:3]
        ):
            shown = ", ".join("/".join(x) for x in values[:4])
            more = f" and {len(values) - 4} more" if len(values) > 4 else ""
            words = detail.replace("\n", "\\n")[:150]
            lines.append(f"{kind:10} {name}({', '.join(arguments)}) [{shown}{more}] {words}")
        return "\n".join(lines)


def singles(seed, only=""):
    """Return every (callable, {argument: bad value}), in an order that the seed decides."""
    plan = []
    for name, call in CALLS.items():
        if only not in name:
            continue
        valid = call.arguments()
        for argument in arguments_of(name):
            plan += [(name, {argument: value}) for value in names_of(valid.get(argument))]
    random.Random(seed).shuffle(plan)
    return plan


def pairs(seed, only=""):
    """Yield calls with two bad arguments, without end."""
    rng = random.Random(seed + 1)
    able = {x: arguments_of(x) for x in CALLS if only in x}
    able = {x: arguments for x, arguments in able.items() if len(arguments) > 1}
    values = list(BAD)
    while able:
        name = rng.choice(list(able))
        yield name, {x: rng.choice(values) for x in rng.sample(able[name], 2)}


def plan_of(calls, seed, only=""):
    """Return a plan of as many calls; None for every single one and no pair."""
    first = singles(seed, only)
    if calls is None:
        return first
    return list(itertools.islice(itertools.chain(first, pairs(seed, only)), calls))


def quick_plan(each=4):
    """Return a few bad values for every argument of every callable, others for each."""
    plan = []
    for name, call in CALLS.items():
        valid = call.arguments()
        for argument in arguments_of(name):
            # A part of the list, spread over all of it, that new arguments elsewhere do not move.
            turn = zlib.crc32(f"{name}.{argument}".encode())
            names = names_of(valid.get(argument))
            near = [x for x in names if x in NEARLY_RIGHT]
            step = len(BAD) // each
            chosen = [names[(turn + k * step) % len(BAD)] for k in range(each)]
            chosen += near[turn % len(near) :][:1] if near else []
            plan += [(name, {argument: value}) for value in chosen]
    return plan


def run_here(plan):
    """Run a plan in this process, in an empty folder."""
    tally = Tally()
    with EmptyFolder():
        for name, changes in plan:
            tally.add(name, changes, judge(name, changes))
    return tally


def run_watched(plan, progress=lambda done: None):
    """Run a plan in a process of its own, which is replaced when it hangs or dies."""
    tally, done = Tally(), 0
    context = multiprocessing.get_context("spawn")
    while done < len(plan):
        receiver, sender = context.Pipe(duplex=False)
        worker = context.Process(target=_work, args=(plan[done:], sender), daemon=False)
        worker.start()
        sender.close()
        try:
            while done < len(plan):
                if not receiver.poll(SILENCE):
                    worker.kill()
                    tally.add(*plan[done], Verdict("hang", "the process had to be killed"))
                    done += 1
                    break
                verdict = receiver.recv()
                if verdict is not None:
                    tally.add(*plan[done], verdict)
                    done += 1
                    progress(done)
        except EOFError:
            worker.join()
            tally.add(*plan[done], Verdict("forbidden", f"the process died ({worker.exitcode})"))
            done += 1
        worker.join()
    return tally


def _work(plan, sender):
    """Run a plan and send each verdict as it is reached."""
    with EmptyFolder():
        seen = set()
        for name, changes in plan:
            if name not in seen:
                # Kernels are compiled outside the limits; None says that the worker is alive.
                try:
                    valid_call(name)
                except Exception as error:  # judged by a test; bad values may be tried all the same
                    print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
                seen.add(name)
                sender.send(None)
            sender.send(judge(name, changes))


class EmptyFolder:
    """A folder of its own for what calls may leave behind."""

    def __enter__(self):
        self._before, self._folder = os.getcwd(), tempfile.TemporaryDirectory()
        os.chdir(self._folder.name)

    def __exit__(self, *_):
        os.chdir(self._before)
        self._folder.cleanup()


def shown(name, changes):
    """Return the repr of the bad values of a call, for a look at one."""
    valid = CALLS[name].arguments()
    return {x: repr(bad_value(value, valid.get(x)))[:60] for x, value in changes.items()}
