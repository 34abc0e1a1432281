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
    **{
        ("numerics.CrossoverSweep", "rule", name): "a table of settings, all by default"
        for name in ("{}", "empty dataset")
    },
    ("numerics.CrossoverSweep", "scaled_alpha", "[2**70]"): "one value, a float as well",
    ("numerics.single_mode", "time", "long double"): "beyond float64: for ever",
    ("numerics.single_mode", "time", "long doubles"): "beyond float64: for ever",
    **{
        ("theory.latex_document", "derivations", name): "text is taken as written"
        for name in ("DataFrame", "vector of text", "with text in it")
    },
    ("theory.Loss.with_values", "expression", "sympy I"): "an expression to substitute into",
    ("numerics.regime", "gamma_sigma2", "()"): "no point",
    ("numerics.regime", "gamma_w", "()"): "no point",
    ("numerics.regime", "gamma_sigma2", "[]"): "no point",
    ("numerics.regime", "gamma_w", "[]"): "no point",
    **{
        ("numerics.regime", exponent, name): "no point"
        for exponent in ("gamma_sigma2", "gamma_w")
        for name in ("no entries", "range(0)")
    },
    ("*", "axes", "()"): "no axis",
    ("*", "classes", "(1, 2, 3, 4)"): "four classes",
    ("numerics.CrossoverSweep.stream", "axes", "one less"): "a stream may depend on fewer axes",
    **{("*", "classes", x): "class numbers, in any order" for x in ("set", "iterator")},
    ("*", "axes", "[]"): "no axis",
    ("*", "parameters", "empty dataset"): "a mapping without entries",
    ("*", "observe", "{}"): "a mapping without entries",
    ("*", "observe", "function"): "an observable of one's own",
}
