# isort: skip_file
# The public names, by meaning; read by theory.public_names when the package is imported.

# Figures of datasets.
from verify.dataset_figures import plot as plot
from verify.figure2 import draw_figure2 as draw_figure2
from verify.shared_diagram import draw_shared_diagram as draw_shared_diagram

# Parts of figures, on axes of your own.
from verify.figures import COLOURS as COLOURS
from verify.figures import draw_errors as draw_errors
from verify.figures import draw_singular_values as draw_singular_values
from verify.boundary_figures import draw_exponent_plane as draw_exponent_plane
from verify.panels import PANELS as PANELS
from verify.panels import draw_panel as draw_panel
from verify.panels import draw_validity as draw_validity
from verify.panels import legend_handles as legend_handles

# Exponents measured.
from verify.convergence_rates import fit_exponent as fit_exponent
from verify.measured_exponents import crossover_exponents as crossover_exponents

# Claims and their laws.
from verify.claim import Claim as Claim
from verify.claim import Fault as Fault
from verify.claim import Limit as Limit
from verify.laws import RoundOff as RoundOff
from verify.laws import PowerLaw as PowerLaw
from verify.laws import PowerLaws as PowerLaws
from verify.laws import Sampling as Sampling
from verify.laws import Bound as Bound

# Running them.
from verify.claims import all_claims as all_claims
from verify.claims import get_claim as get_claim
from verify.claims import claims_from as claims_from
from verify.runner import run_claims as run_claims
from verify.runner import run_faults as run_faults
from verify.runner import run_limits as run_limits
from verify.verdict_report import table_header as table_header
from verify.verdict_report import table_row as table_row
