# isort: skip_file
# The public names, by meaning; lazy_loader reads them here when the package is imported.

# What is learned.
from .linear.tasks import Task as Task
from .linear.tasks import low_rank_recovery as low_rank_recovery
from .linear.tasks import low_rank_from_spectrum as low_rank_from_spectrum
from .linear.tasks import matrix_completion as matrix_completion
from .linear.tasks import linear_regression as linear_regression

# Where a linear network starts.
from .linear.network_state import NetworkState as NetworkState
from .linear.initial_states import random_state as random_state
from .linear.initial_states import explicit_weights as explicit_weights
from .linear.initial_states import wishart_factor as wishart_factor
from .linear.initial_states import self_consistent_lift as self_consistent_lift
from .linear.initial_states import balanced_factor as balanced_factor
from .linear.initial_states import lambda_balanced as lambda_balanced

# Training it.
from .linear.training import train as train
from .linear.training import Trainer as Trainer
from .linear.descent import stability_limit as stability_limit
from .linear.gradient_flow import gradient_flow as gradient_flow
from .linear.closed_form import ClosedForm as ClosedForm
from .linear.closed_form import GramBlocks as GramBlocks
from .linear.closed_form import closed_form as closed_form
from .linear.closed_form import closed_form_flow as closed_form_flow
from .linear.single_mode import single_mode as single_mode
from .phase_diagram.figure1 import figure1 as figure1

# What is measured of it.
from .linear.snapshots import Snapshot as Snapshot
from .linear.snapshots import OBSERVABLES as OBSERVABLES
from .linear.observables import singular_values as singular_values
from .linear.observables import stable_rank as stable_rank
from .linear.observables import subspace_alignment as subspace_alignment
from .linear.observables import mode_overlap as mode_overlap
from .linear.observables import ntk_norm as ntk_norm
from .linear.observables import ntk_change as ntk_change
from .linear.observables import balancedness as balancedness
from .linear.observables import balancedness_drift as balancedness_drift

# Predictions without training.
from .prediction.runs import predict_run as predict_run
from .prediction.runs import predict_cell as predict_cell
from .published_rules import paper_stop as paper_stop
from .prediction.grid import predict_grid as predict_grid
from .prediction.mode_spectrum import typical_singular_values as typical_singular_values
from .regimes.exponent_plane import regime as regime
from .regimes.exponent_plane import exponent_plane as exponent_plane
from .advice.advise import advise as advise
from .advice.check import check_advice as check_advice

# Nonlinear networks, and the crossover from feature to lazy training.
from .networks.fully_connected import FullyConnected as FullyConnected
from .networks.convolutional import Convolutional as Convolutional
from .networks.training import train_network as train_network
from .networks.training import FlowResult as FlowResult
from .networks.trajectory import FlowSnapshot as FlowSnapshot
from .networks.frozen_kernel import frozen_flow as frozen_flow
from .networks.step_rule import StepRule as StepRule
from .networks.step_rule import LINEARISED as LINEARISED
from .networks.step_rule import PUBLISHED as PUBLISHED
from .networks.step_rule import FAST_EULER as FAST_EULER
from .crossover.linear_networks import linear_crossover as linear_crossover

# Images.
from .images.classification_task import ImageData as ImageData
from .images.classification_task import load_images as load_images
from .images.classification_task import prepare_images as prepare_images
from .images.file_formats import ImagePool as ImagePool
from .images.find_and_download import available_images as available_images

# Sweeps.
from .sweeps.run import run_sweep as run_sweep
from .phase_diagram.sweep import SweepPlan as SweepPlan
from .crossover.sweep import CrossoverSweep as CrossoverSweep
from .sweeps.declaration import DeclaredSweep as DeclaredSweep
from .support.settings import setting as setting
from .support.validation import check_choice as check_choice
from .support.validation import check_dimension as check_dimension
from .support.validation import check_positive as check_positive
from .sweeps.declaration import CellPoint as CellPoint
from .sweeps.declaration import Variable as Variable
from .sweeps.axes import parse_axis as parse_axis
from .sweeps.axes import parse_counts as parse_counts
from .phase_diagram.prepare_cell import Cell as Cell
from .phase_diagram.prepare_cell import prepare_cell as prepare_cell

# Errors of our own.
from .support.errors import DivergedError as DivergedError
from .support.errors import OutOfRangeError as OutOfRangeError
from .support.errors import SweepError as SweepError
from .images.find_and_download import MissingImagesError as MissingImagesError
