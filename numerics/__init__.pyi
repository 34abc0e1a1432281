# isort: skip_file
# The public names, by meaning; read by theory.public_names when the package is imported.

# What is learned.
from numerics.tasks import Task as Task
from numerics.tasks import low_rank_recovery as low_rank_recovery
from numerics.tasks import low_rank_from_spectrum as low_rank_from_spectrum
from numerics.tasks import matrix_completion as matrix_completion
from numerics.tasks import linear_regression as linear_regression

# Where a linear network starts.
from numerics.initialization import NetworkState as NetworkState
from numerics.initialization import random_state as random_state
from numerics.initialization import explicit_weights as explicit_weights
from numerics.initialization import wishart_factor as wishart_factor
from numerics.initialization import self_consistent_lift as self_consistent_lift
from numerics.initialization import balanced_factor as balanced_factor

# Training it.
from numerics.training import train as train
from numerics.training import Trainer as Trainer
from numerics.descent import stability_limit as stability_limit
from numerics.matrix_flow import gradient_flow as gradient_flow
from numerics.matrix_closed_form import ClosedForm as ClosedForm
from numerics.matrix_closed_form import closed_form as closed_form
from numerics.matrix_closed_form import closed_form_flow as closed_form_flow
from numerics.mode_closed_form import single_mode as single_mode
from numerics.experiments import figure1 as figure1

# What is measured of it.
from numerics.observables import singular_values as singular_values
from numerics.observables import stable_rank as stable_rank
from numerics.observables import subspace_alignment as subspace_alignment
from numerics.observables import mode_overlap as mode_overlap
from numerics.observables import ntk_norm as ntk_norm
from numerics.observables import ntk_change as ntk_change
from numerics.observables import balancedness as balancedness
from numerics.observables import balancedness_drift as balancedness_drift

# Predictions without training.
from numerics.prediction import predict_run as predict_run
from numerics.prediction import predict_cell as predict_cell
from numerics.predicted_observables import paper_stop as paper_stop
from numerics.prediction_grid import predict_grid as predict_grid
from numerics.mode_spectrum import typical_singular_values as typical_singular_values
from numerics.regimes import regime as regime
from numerics.regimes import exponent_plane as exponent_plane
from numerics.advice import advise as advise
from numerics.advice_check import check_advice as check_advice

# Nonlinear networks, and the crossover from feature to lazy training.
from numerics.networks import FullyConnected as FullyConnected
from numerics.convolutional import Convolutional as Convolutional
from numerics.network_training import train_network as train_network
from numerics.network_training import FlowResult as FlowResult
from numerics.frozen_kernel import frozen_flow as frozen_flow
from numerics.step_rule import StepRule as StepRule
from numerics.step_rule import LINEARISED as LINEARISED
from numerics.step_rule import PUBLISHED as PUBLISHED
from numerics.step_rule import FAST_EULER as FAST_EULER
from numerics.linear_plane import linear_crossover as linear_crossover

# Images.
from numerics.image_data import ImageData as ImageData
from numerics.image_data import load_images as load_images
from numerics.image_data import prepare_images as prepare_images
from numerics.image_files import ImagePool as ImagePool
from numerics.image_sources import available_images as available_images

# Sweeps.
from numerics.sweep import run_sweep as run_sweep
from numerics.sweep_plan import SweepPlan as SweepPlan
from numerics.crossover_sweep import CrossoverSweep as CrossoverSweep
from numerics.declared_sweep import DeclaredSweep as DeclaredSweep
from numerics.declared_sweep import CellPoint as CellPoint
from numerics.declared_sweep import Variable as Variable
from numerics.sweep_axes import parse_axis as parse_axis
from numerics.sweep_axes import parse_counts as parse_counts
from numerics.experiments import Cell as Cell
from numerics.experiments import prepare_cell as prepare_cell

# Errors of our own.
from numerics.errors import DivergedError as DivergedError
from numerics.errors import OutOfRangeError as OutOfRangeError
from numerics.errors import SweepError as SweepError
from numerics.image_sources import MissingImagesError as MissingImagesError
