# isort: skip_file
# The public names, by meaning; lazy_loader reads them here when the package is imported.

from ._version import __version__ as __version__

# Derivations.
from .topics import TOPICS as TOPICS
from .topics import derive as derive
from .topics import latex_document as latex_document
from .algebra.derivation import Derivation as Derivation
from .algebra.derivation import ProofError as ProofError

# Settings of the published experiments.
from .published_settings import FIGURE1 as FIGURE1
from .published_settings import FIGURE2 as FIGURE2

# Regimes and times of linear networks.
from .regimes.boundaries import boundaries as boundaries
from .regimes.regime import symbolic_regime as symbolic_regime
from .regimes.crossing_times import crossing_time as crossing_time
from .crossover.kernel_change import relative_kernel_change as relative_kernel_change

# Deep linear networks.
from .depth.rate import depth_rate as depth_rate
from .depth.rate import depth_rate_coefficients as depth_rate_coefficients

# Networks with a scaled output.
from .crossover.exponents import predicted_exponents as predicted_exponents
from .crossover.output_scaling import crossover_mapping as crossover_mapping

# Losses and activations of your own.
from .functions.losses import Loss as Loss
from .functions.losses import loss as loss
from .functions.losses import squared as squared
from .functions.losses import huber as huber
from .functions.losses import log_cosh as log_cosh
from .functions.margin_losses import MarginLoss as MarginLoss
from .functions.margin_losses import margin_loss as margin_loss
from .functions.activations import Activation as Activation
from .functions.activations import activation as activation
