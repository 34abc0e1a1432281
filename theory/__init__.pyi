# isort: skip_file
# The public names, by meaning; read by theory.public_names when the package is imported.

from theory._version import __version__ as __version__

# Derivations.
from theory.topics import TOPICS as TOPICS
from theory.topics import derive as derive
from theory.topics import latex_document as latex_document
from theory.algebra.derivation import Derivation as Derivation
from theory.algebra.derivation import ProofError as ProofError

# Regimes and times of linear networks.
from theory.regimes.boundaries import boundaries as boundaries
from theory.regimes.regime import regime as regime
from theory.regimes.crossing_times import crossing_time as crossing_time
from theory.crossover.kernel_change import relative_kernel_change as relative_kernel_change

# Networks with a scaled output.
from theory.crossover.exponents import predicted_exponents as predicted_exponents
from theory.crossover.output_scaling import crossover_mapping as crossover_mapping

# Losses and activations of your own.
from theory.functions.losses import Loss as Loss
from theory.functions.losses import loss as loss
from theory.functions.losses import squared as squared
from theory.functions.losses import huber as huber
from theory.functions.losses import log_cosh as log_cosh
from theory.functions.margin_losses import MarginLoss as MarginLoss
from theory.functions.margin_losses import margin_loss as margin_loss
from theory.functions.activations import Activation as Activation
from theory.functions.activations import activation as activation
