"""Values that are accepted on purpose though the kind of the argument would refuse them.

Keys are (callable or ``*``, argument, name of the bad value); values are the reason.
"""

__all__ = ["ACCEPTED"]

ACCEPTED: dict[tuple[str, str, str], str] = {
    ("verify.table_header", "kind", "empty text"): "the heading of claims",
    **{
        ("verify.plot", "data", name): "plot draws what any function makes"
        for name in ("run", "advice", "figure1", "crossover sweep")
    },
    ("numerics.SweepPlan", "stopping", "{}"): "a table of settings, all by default",
    ("numerics.single_mode", "time", "long double"): "beyond float64: for ever",
    ("numerics.single_mode", "time", "long doubles"): "beyond float64: for ever",
    ("theory.latex_document", "derivations", "DataFrame"): "iterates over text, taken as written",
    ("numerics.regime", "gamma_sigma2", "()"): "no point",
    ("numerics.regime", "gamma_w", "()"): "no point",
    ("numerics.regime", "gamma_sigma2", "[]"): "no point",
    ("numerics.regime", "gamma_w", "[]"): "no point",
    ("*", "axes", "()"): "no axis",
    ("*", "axes", "[]"): "no axis",
    ("*", "parameters", "empty dataset"): "a mapping without entries",
    ("*", "observe", "{}"): "a mapping without entries",
    ("*", "observe", "function"): "an observable of one's own",
}
