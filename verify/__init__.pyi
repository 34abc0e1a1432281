# isort: skip_file
# The public names, by meaning; lazy_loader reads them here when the package is imported.

# Figures of datasets.
from .figures.plot_any_dataset import plot as plot
from .figures.figure2 import draw_figure2 as draw_figure2
from .figures.linear_and_nonlinear_diagram import draw_shared_diagram as draw_shared_diagram

# Parts of figures, on axes of your own.
from .figures.style import COLOURS as COLOURS
from .figures.figure1 import draw_errors as draw_errors
from .figures.figure1 import draw_singular_values as draw_singular_values
from .figures.boundaries import draw_exponent_plane as draw_exponent_plane
from .figures.figure2_panels import PANELS as PANELS
from .figures.figure2_panels import draw_panel as draw_panel
from .figures.prediction import draw_validity as draw_validity
from .figures.figure2_boundaries import legend_handles as legend_handles

# Exponents measured.
from .measurements.power_fits import fit_exponent as fit_exponent
from .measurements.crossover_exponents import crossover_exponents as crossover_exponents

# Claims and their laws.
from .framework.claim import Claim as Claim
from .framework.claim import Counterexample as Counterexample
from .framework.claim import Fault as Fault
from .framework.laws import RoundOff as RoundOff
from .framework.laws import PowerLaw as PowerLaw
from .framework.laws import PowerLaws as PowerLaws
from .framework.laws import Sampling as Sampling
from .framework.laws import Bound as Bound

# Running them.
from .claims.registry import all_claims as all_claims
from .claims.registry import get_claim as get_claim
from .claims.registry import claims_from as claims_from
from .framework.runner import run_claims as run_claims
from .framework.runner import run_faults as run_faults
from .framework.runner import run_counterexamples as run_counterexamples
from .reports.verdicts import table_header as table_header
from .reports.verdicts import table_row as table_row
