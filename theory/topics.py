"""The derivations by topic, for the command line and for documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from theory.algebra.derivation import Derivation
from theory.arguments import check_choice, check_sequence
from theory.crossover.exponents import crossover
from theory.crossover.kernel_change_derivation import kernel_change
from theory.depth.deep_flow import deep_flow
from theory.dynamics.closed_form import closed_form
from theory.dynamics.gram_descent import gram_descent
from theory.dynamics.gram_flow import gram_dynamics
from theory.dynamics.low_rank_solution import balanced_closed_form
from theory.dynamics.masked_stability import masked_stability
from theory.dynamics.single_mode_derivation import single_mode
from theory.dynamics.unified_evolution import unified_evolution
from theory.prediction.closed_form_errors import fast_prediction
from theory.prediction.errors import prediction
from theory.prediction.fluctuations import fluctuations
from theory.prediction.pair_response import pair_flow
from theory.prediction.scatter import scatter
from theory.random_matrices.spectrum_sums import spectrum_sums
from theory.random_matrices.spike_repulsion import spike_repulsion
from theory.random_matrices.spiked_matrix import spectra
from theory.random_matrices.wishart import wishart
from theory.regimes.boundaries_derivation import boundaries_derivation
from theory.wording import shown

__all__ = ["TOPICS", "derivation_text", "derive", "latex_document"]

#: Every topic with its title and the function that proves it.
TOPICS: dict[str, tuple[str, Callable[[], Derivation]]] = {
    "gram-dynamics": ("Gradient descent closes on the Gram matrix", gram_dynamics),
    "gram-descent": ("Sequential descent in four products", gram_descent),
    "unified-evolution": ("The unified evolution formula", unified_evolution),
    "closed-form": ("Closed form for the squared loss", closed_form),
    "balanced-closed-form": ("Closed form from lambda-balanced weights", balanced_closed_form),
    "single-mode": ("One mode of the mixed regime", single_mode),
    "masked-stability": ("Stability of descent where entries are hidden", masked_stability),
    "depth": ("Deep linear networks", deep_flow),
    "spectra": ("A low-rank matrix seen through noise", spectra),
    "spectrum-sums": ("What spikes and bulk add up to", spectrum_sums),
    "spike-repulsion": ("Spikes spread and repel one another", spike_repulsion),
    "wishart": ("Fluctuations of the random start and of the random target", wishart),
    "fluctuations": ("Fluctuations of the random start, to second order", fluctuations),
    "pair-flow": ("Response of a pair of modes in closed form", pair_flow),
    "boundaries": ("Regimes and their boundaries", boundaries_derivation),
    "prediction": ("Train and test error in high dimension", prediction),
    "scatter": ("How one run scatters around the mean", scatter),
    "fast-prediction": ("A phase diagram in closed form", fast_prediction),
    "kernel-change": ("How far the tangent kernel of a linear network moves", kernel_change),
    "crossover": ("Lazy and feature training of scaled networks", crossover),
}

_PREAMBLE = r"""\documentclass{article}
\usepackage[margin=25mm]{geometry}
\usepackage[T1]{fontenc}
\usepackage{amsmath,amssymb,graphicx}
\begin{document}"""


def derive(topic: str) -> Derivation:
    """Prove and return the derivation of a topic.

    Raises
    ------
    ValueError
        If there is no such topic.

    Examples
    --------
    >>> print(derive("gram-dynamics").title)
    Gradient descent closes on the Gram matrix
    """
    return TOPICS[check_choice("topic", topic, tuple(TOPICS))][1]()


def derivation_text(topic: str, latex: bool = False) -> str:
    """Return one derivation as text, or as the section of a LaTeX document.

    Examples
    --------
    >>> derivation_text("gram-dynamics").splitlines()[0]
    'Gradient descent closes on the Gram matrix'
    """
    made = derive(topic)
    return made.latex() if latex else str(made)


def latex_document(derivations: Iterable[Derivation | str]) -> str:
    """Return a LaTeX document of the derivations of topics, or of their sections.

    It compiles with amsmath, amssymb and graphicx.

    Examples
    --------
    >>> "begin{document}" in latex_document([derive("gram-dynamics")])
    True
    """
    made = check_sequence("derivations", derivations, "Derivation")
    for item in made:
        if not isinstance(item, Derivation | str):
            raise TypeError(f"derivations must be a list of Derivation, got {shown(item)}")
    body = "\n\n".join(x if isinstance(x, str) else x.latex() for x in made)
    return f"{_PREAMBLE}\n\n{body}\n\n\\end{{document}}"
