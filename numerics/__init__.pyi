# isort: skip_file
# The public names, by meaning; read by theory.public_names when the package is imported.

# What is learned.
from numerics.linear.tasks import Task as Task
from numerics.linear.tasks import low_rank_recovery as low_rank_recovery
from numerics.linear.tasks import low_rank_from_spectrum as low_rank_from_spectrum
from numerics.linear.tasks import matrix_completion as matrix_completion
from numerics.linear.tasks import linear_regression as linear_regression

# Where a linear network starts.
from numerics.linear.initial_states import NetworkState as NetworkState
from numerics.linear.initial_states import random_state as random_state
from numerics.linear.initial_states import explicit_weights as explicit_weights
from numerics.linear.initial_states import wishart_factor as wishart_factor
from numerics.linear.initial_states import self_consistent_lift as self_consistent_lift
from numerics.linear.initial_states import balanced_factor as balanced_factor

# Training it.
from numerics.linear.training import train as train
from numerics.linear.training import Trainer as Trainer
from numerics.linear.descent import stability_limit as stability_limit
from numerics.linear.gradient_flow import gradient_flow as gradient_flow
from numerics.linear.closed_form import ClosedForm as ClosedForm
from numerics.linear.closed_form import closed_form as closed_form
from numerics.linear.closed_form import closed_form_flow as closed_form_flow
from numerics.linear.single_mode import single_mode as single_mode
from numerics.phase_diagram.figure1 import figure1 as figure1

# What is measured of it.
from numerics.linear.observables import singular_values as singular_values
from numerics.linear.observables import stable_rank as stable_rank
from numerics.linear.observables import subspace_alignment as subspace_alignment
from numerics.linear.observables import mode_overlap as mode_overlap
from numerics.linear.observables import ntk_norm as ntk_norm
from numerics.linear.observables import ntk_change as ntk_change
from numerics.linear.observables import balancedness as balancedness
from numerics.linear.observables import balancedness_drift as balancedness_drift

# Predictions without training.
from numerics.prediction.runs import predict_run as predict_run
from numerics.prediction.runs import predict_cell as predict_cell
from numerics.prediction.run_observables import paper_stop as paper_stop
from numerics.prediction.grid import predict_grid as predict_grid
from numerics.prediction.mode_spectrum import typical_singular_values as typical_singular_values
from numerics.regimes.exponent_plane import regime as regime
from numerics.regimes.exponent_plane import exponent_plane as exponent_plane
from numerics.advice.advise import advise as advise
from numerics.advice.check import check_advice as check_advice

# Nonlinear networks, and the crossover from feature to lazy training.
from numerics.networks.fully_connected import FullyConnected as FullyConnected
from numerics.networks.convolutional import Convolutional as Convolutional
from numerics.networks.training import train_network as train_network
from numerics.networks.training import FlowResult as FlowResult
from numerics.networks.frozen_kernel import frozen_flow as frozen_flow
from numerics.networks.step_rule import StepRule as StepRule
from numerics.networks.step_rule import LINEARISED as LINEARISED
from numerics.networks.step_rule import PUBLISHED as PUBLISHED
from numerics.networks.step_rule import FAST_EULER as FAST_EULER
from numerics.crossover.linear_networks import linear_crossover as linear_crossover

# Images.
from numerics.images.classification_task import ImageData as ImageData
from numerics.images.classification_task import load_images as load_images
from numerics.images.classification_task import prepare_images as prepare_images
from numerics.images.file_formats import ImagePool as ImagePool
from numerics.images.find_and_download import available_images as available_images

# Sweeps.
from numerics.sweeps.run import run_sweep as run_sweep
from numerics.phase_diagram.sweep import SweepPlan as SweepPlan
from numerics.crossover.sweep import CrossoverSweep as CrossoverSweep
from numerics.sweeps.declaration import DeclaredSweep as DeclaredSweep
from numerics.sweeps.declaration import CellPoint as CellPoint
from numerics.sweeps.declaration import Variable as Variable
from numerics.sweeps.axes import parse_axis as parse_axis
from numerics.sweeps.axes import parse_counts as parse_counts
from numerics.phase_diagram.figure1 import Cell as Cell
from numerics.phase_diagram.figure1 import prepare_cell as prepare_cell

# Errors of our own.
from numerics.support.errors import DivergedError as DivergedError
from numerics.support.errors import OutOfRangeError as OutOfRangeError
from numerics.support.errors import SweepError as SweepError
from numerics.images.find_and_download import MissingImagesError as MissingImagesError
