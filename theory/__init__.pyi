# isort: skip_file
# The public names, by meaning; read by theory.public_names when the package is imported.

from theory._version import __version__ as __version__

# Derivations.
from theory.topics import TOPICS as TOPICS
from theory.topics import derive as derive
from theory.topics import latex_document as latex_document
from theory.derivation import Derivation as Derivation
from theory.derivation import ProofError as ProofError

# Regimes and times of linear networks.
from theory.regimes import boundaries as boundaries
from theory.regimes import regime as regime
from theory.finite_time import crossing_time as crossing_time
from theory.linear_kernel_change import relative_kernel_change as relative_kernel_change

# Networks with a scaled output.
from theory.crossover import predicted_exponents as predicted_exponents
from theory.output_scaling import crossover_mapping as crossover_mapping

# Losses and activations of your own.
from theory.losses import Loss as Loss
from theory.losses import loss as loss
from theory.losses import squared as squared
from theory.losses import huber as huber
from theory.losses import log_cosh as log_cosh
from theory.margin_losses import MarginLoss as MarginLoss
from theory.margin_losses import margin_loss as margin_loss
from theory.activations import Activation as Activation
from theory.activations import activation as activation
