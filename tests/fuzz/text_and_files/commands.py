"""Nonsense for every option of every command: ``python tests/fuzz commands --help``.

The promise of the command line: bad input is one line on standard error that names the option, and
exit status 2, before any work.  A command is run in this process; what a sweep or a report would
spend minutes on is replaced by nothing, as are figures.
"""

import argparse
import contextlib
import importlib
import io
import random
import re
import warnings

import matplotlib.pyplot as plt
from fuzzer import EmptyFolder, Tally
from judge import LONGEST, HangError, Verdict, limited
from kinds import KINDS

from verify.cli.commands import crossover, report
from verify.cli.main import build_parser, main

__all__ = ["fuzz_commands", "options_of", "plan_of_commands", "try_command"]

#: A small valid line of each command.
LINES = {
    "derive": ["closed-form"],
    "boundaries": ["--points", "5"],
    "predict": ["--point", "-1.85", "2.25", "--d", "60", "--rank", "2", "--iterations", "5"],
    "predict grid": ["--grid-sigma2", "-2:-1:2", "--grid-w", "1.5:2:2", "--d", "60", "--rank", "2"],
    "advise": ["--d-in", "60", "--rank", "2"],
    "figure1": ["--d", "12", "--rank", "2", "--iterations", "2"],
    "figure2": [
        *("--grid-sigma2", "-2:-1:2", "--grid-w", "1.5:2:2", "--d", "12", "--rank", "2"),
        *("--iterations", "2", "--workers", "0"),
    ],
    "crossover": ["--n-train", "10", "--n-test", "5", "--workers", "0"],
    "verify": ["--claim", "balancedness-flow"],
    "report": ["--quick"],
}

#: Kinds of the values of options, by their destinations; with options of one name alike.
KIND_OF = {
    **dict.fromkeys(("d", "d_in", "d_out", "rank", "iterations", "points", "replicates"), "count"),
    **dict.fromkeys(("budget", "check", "n_train", "n_test", "seeds", "depth", "width"), "count"),
    **dict.fromkeys(("seed", "workers", "ensemble"), "seed"),
    **dict.fromkeys(("p", "q", "kappa", "gap", "point"), "real"),
    **dict.fromkeys(("noise", "max_width", "learning_rate_divisor", "learning_rate"), "positive"),
    **dict.fromkeys(("output", "folder", "scheduler"), "text"),
    **dict.fromkeys(("grid_sigma2", "grid_w", "scaled_alpha"), "axis"),
    "learning_rate_share": "share",
    "gamma_sigma2": "real",
    "gamma_w": "real",
    ("boundaries", "rank"): "positive",
}

#: What messages call an option, where that is not its own name.
CALLED = {
    "grid_sigma2": "gamma_sigma2",
    "grid_w": "gamma_w",
    "point": "gamma_sigma2",
    "claim": "name",
    "config": "path",
    "data": "name",
    "layers_unequal": "unequal_layers",
    "check": "runs",
    "claims_from": "file",
}

#: Status of a sweep that was replaced by nothing.
INTERRUPTED = 130

#: Nonsense, some of which is sense to some options.
TEXTS = (
    *("", " ", "abc", "nan", "inf", "-inf", "-1", "0", "0.5", "1e400", "1e308", "5e-324", "-1e308"),
    *("9" * 20, "9" * 400, "1_0", "0x10", "1e5", "True", "None", "1,2", "1,,2", "2,1", "(1, 2)"),
    *(":", ":::", "1:2", "1:2:3:4", "1:2:0", "1:2:-3", "2:1:3", "nan:1:3", "0:inf:3", "0:1:1e9"),
    *("0:1:99999999999", "1:1:1", "-1:1:3", "a:b:c", "a\nb", "\u00e4", "\udcff", "x" * 5000),
    *("no/such/path", "no/such/file.npy", "/dev/null", ".", "file:", "file:none.npz", "--", "-x"),
    *("--no-such-option", "[1]", "{}", "1+1", "__import__('os').getcwd()", "%s%n", "\u0663"),
    *("tcp://nowhere:1", "localhost", "tcp://", "exp(", "margin", "-margin**2", "log(margin)"),
)


def options_of(command):
    """Return the actions of a command, those of its options that take a value or none."""
    parser = build_parser()
    subparsers = next(x for x in parser._actions if isinstance(x, argparse._SubParsersAction))
    actions = subparsers.choices[command.split()[0]]._actions
    return [x for x in actions if not isinstance(x, argparse._HelpAction)]


def plan_of_commands(calls, seed, only=""):
    """Return (command, destination, text) in an order that the seed decides."""
    plan = [
        (command, action.dest, text)
        for command in LINES
        if only in command
        for action in options_of(command)
        for text in (*TEXTS, None)
        # Sense that takes long: many processes, all derivations.
        if action.dest != "workers" or text not in ("1_0", "\u0663")
        if command != "crossover" or action.dest not in ("workers", "scheduler")
        if action.dest != "topic" or text not in ("--", None)
    ]
    random.Random(seed).shuffle(plan)
    return plan[:calls]


def try_command(command, dest, text):
    """Run a command with nonsense for one of its options, or without its value; judge it."""
    action = next(x for x in options_of(command) if x.dest == dest)
    words = [command.split()[0], *LINES[command]]
    given = [] if text is None else [text]
    if action.nargs == 2 and given:
        given.append("1.5")
    if action.option_strings:
        words += [f"{action.option_strings[-1]}={text}"] if action.nargs == 0 else []
        words += [action.option_strings[-1], *given] if action.nargs != 0 else []
    else:
        words = [words[0], *given]
    out, err = io.StringIO(), io.StringIO()
    try:
        with (
            warnings.catch_warnings(),
            EmptyFolder(),
            _without_work(),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            limited(),
        ):
            warnings.simplefilter("error")
            status = main(words)
    except HangError:
        return Verdict("hang", "too long")
    except SystemExit as error:
        status = error.code
    except Warning as warning:
        return Verdict("warning", f"{type(warning).__name__}: {warning}")
    except Exception as error:
        return Verdict("forbidden", f"{type(error).__name__}: {error}")
    finally:
        plt.close("all")
    return _judged(command, action, text, status, err.getvalue())


def _judged(command, action, text, status, said):
    if status in (0, 1, INTERRUPTED):
        return Verdict(
            "accepted" if _may_be(command, action, text) else "silent", f"status {status}"
        )
    # A sweep says how far it is.
    lines = [x for x in said.strip().split("\n") if not re.match(r"\d+ of \d+ cells", x)]
    if status != 2:
        return Verdict("forbidden", f"status {status}: {said[:160]}")
    if len(lines) > 1 or len(said) > LONGEST:
        return Verdict("several lines", said[:160])
    names = {
        action.dest,
        action.dest.replace("_", "-"),
        action.dest.replace("_", " "),
        CALLED.get(action.dest, action.dest),
    }
    names |= {"argument", "arguments"} if text is None or text.startswith("-") else {*()}
    # A diverged run names its learning rate, an error of a file its path.
    if re.search(r"diverged at|\[Errno \d+\]", said):
        return Verdict("refused", said[:160])
    if not any(re.search(rf"\b{re.escape(x)}\b", said) for x in names):
        return Verdict("foreign", said[:160])
    return Verdict("refused", said[:160])


def _may_be(command, action, text):
    """Tell whether a command may take a text in silence."""
    if text is None:
        return action.nargs in (0, "?") or not action.option_strings
    if action.nargs == 0 or action.choices:
        return False
    kind = KIND_OF.get((command, action.dest), KIND_OF.get(action.dest))
    if kind == "text":
        return bool(text) or action.dest == "folder"
    if action.dest == "config":
        return text == "/dev/null"  # no settings
    if kind == "axis" or ":" in text:
        return _is_range(text)
    if kind is None:
        return False
    for convert in (int, float):
        with contextlib.suppress(ValueError):
            return KINDS[kind](convert(text))
    return False


def _is_range(text):
    try:
        values = [float(x) for x in text.split(":")]
    except ValueError:
        return False
    return len(values) in (1, 2, 3) and all(abs(x) < float("inf") for x in values)


#: What draws and writes, by modules.
_DRAWN = {
    "verify.cli.output_files": ("save_result",),
    "verify.figures.boundaries": ("draw_boundaries",),
    "verify.figures.prediction": ("draw_predicted_panels", "draw_predicted_run"),
    "verify.figures.advice": ("draw_advice",),
    "verify.figures.figure1": ("draw_figure1",),
    "verify.figures.figure2": ("draw_figure2",),
}


@contextlib.contextmanager
def _without_work():
    """Replace what follows the checks of a command by nothing."""

    # The data are read, as a sweep does first; how it runs is tried with figure2, as quick.
    replaced = [(crossover, "run_stored", lambda plan, *_: plan.load() and None)]
    replaced += [(report, "PLANS", {"quick": (), "full": ()})]
    for module, names in _DRAWN.items():
        replaced += [(importlib.import_module(module), x, lambda *_: []) for x in names]
    before = [(place, name, getattr(place, name)) for place, name, _ in replaced]
    for place, name, value in replaced:
        setattr(place, name, value)
    try:
        yield
    finally:
        for place, name, value in before:
            setattr(place, name, value)


def fuzz_commands(plan):
    """Try a plan and return the tally."""
    tally = Tally()
    for command, dest, text in plan:
        tally.add(command, {dest: repr(text)[:60]}, try_command(command, dest, text))
    return tally
