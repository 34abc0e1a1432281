# isort: skip_file
# The public names, by meaning; read by theory.public_names when the package is imported.

# Figures of datasets.
from verify.figures.plot_any_dataset import plot as plot
from verify.figures.figure2 import draw_figure2 as draw_figure2
from verify.figures.kernel_change_diagram import draw_shared_diagram as draw_shared_diagram

# Parts of figures, on axes of your own.
from verify.figures.style import COLOURS as COLOURS
from verify.figures.figure1 import draw_errors as draw_errors
from verify.figures.figure1 import draw_singular_values as draw_singular_values
from verify.figures.boundaries import draw_exponent_plane as draw_exponent_plane
from verify.figures.figure2_panels import PANELS as PANELS
from verify.figures.figure2_panels import draw_panel as draw_panel
from verify.figures.figure2_panels import draw_validity as draw_validity
from verify.figures.figure2_panels import legend_handles as legend_handles

# Exponents measured.
from verify.measurements.power_fits import fit_exponent as fit_exponent
from verify.measurements.crossover_exponents import crossover_exponents as crossover_exponents

# Claims and their laws.
from verify.framework.claim import Claim as Claim
from verify.framework.claim import Counterexample as Counterexample
from verify.framework.claim import Fault as Fault
from verify.framework.laws import RoundOff as RoundOff
from verify.framework.laws import PowerLaw as PowerLaw
from verify.framework.laws import PowerLaws as PowerLaws
from verify.framework.laws import Sampling as Sampling
from verify.framework.laws import Bound as Bound

# Running them.
from verify.claims import all_claims as all_claims
from verify.claims import get_claim as get_claim
from verify.claims import claims_from as claims_from
from verify.framework.runner import run_claims as run_claims
from verify.framework.runner import run_faults as run_faults
from verify.framework.runner import run_counterexamples as run_counterexamples
from verify.reports.verdicts import table_header as table_header
from verify.reports.verdicts import table_row as table_row
